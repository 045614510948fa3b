create schema registry;

create table registry.model (
  project text not null references platform.project (name) on delete cascade,
  name text collate "C" not null,
  description text not null default '',
  tags jsonb not null default '{}',
  -- Numbers are never used twice, not even after a version was deleted.
  last_version int not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (project, name)
);

create table registry.version (
  project text not null,
  model text collate "C" not null,
  version int not null,
  description text not null,
  run_id text,
  source text not null,
  dataset jsonb,
  flavor text not null,
  inputs jsonb not null,
  files jsonb not null,
  digest text not null,
  scan jsonb not null,
  stage text not null default 'None' check (stage in ('None', 'Staging', 'Production', 'Archived')),
  tags jsonb not null default '{}',
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  primary key (project, model, version),
  foreign key (project, model) references registry.model (project, name) on update cascade on delete cascade
);

create index version_of_run on registry.version (project, run_id) where run_id is not null;

create table registry.alias (
  project text not null,
  model text collate "C" not null,
  alias text collate "C" not null,
  version int not null,
  primary key (project, model, alias),
  foreign key (project, model, version) references registry.version (project, model, version)
    on update cascade on delete cascade
);

create index alias_of_version on registry.alias (project, model, version);
