alter table registry.webhook add column paused_until timestamptz;

comment on column registry.webhook.paused_until is 'its receiver failed: until then nothing is sent, so that others get their turn';
