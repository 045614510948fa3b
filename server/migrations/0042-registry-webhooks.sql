create table registry.webhook (
  id text primary key,
  project text not null references platform.project (name) on delete cascade,
  number bigint generated always as identity,
  name text not null,
  description text,
  url text not null,
  events text[] not null,
  status text not null check (status in ('ACTIVE', 'DISABLED')),
  -- Sealed: it signs, so a hash would not do.
  secret bytea,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);

create index webhook_newest on registry.webhook (project, number desc);

create table registry.webhook_delivery (
  id text primary key,
  number bigint generated always as identity,
  webhook_id text not null references registry.webhook (id) on delete cascade,
  -- Of the outbox, whose events may come twice; null for a test.
  event_id bigint,
  event text not null,
  payload text not null,
  state text not null check (state in ('waiting', 'delivered', 'failed', 'dropped')),
  attempts int not null default 0,
  response_status int,
  error text,
  created_at timestamptz not null default clock_timestamp(),
  tried_at timestamptz,
  unique (webhook_id, event_id)
);

create index webhook_delivery_newest on registry.webhook_delivery (webhook_id, number desc);
create index webhook_delivery_age on registry.webhook_delivery (created_at);
