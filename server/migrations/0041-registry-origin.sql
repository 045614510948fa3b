alter table registry.version add column run_link text;
alter table registry.version add column model_id text;

create index model_updated on registry.model (project, updated_at desc);
create index version_updated on registry.version (project, updated_at desc);
