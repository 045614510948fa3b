create schema data;

create table data.dataset (
  project text not null references platform.project (name) on delete cascade,
  name text not null,
  description text not null default '',
  time_column text,
  expectations jsonb not null default '[]',
  latest_version int,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (project, name)
);

create index dataset_updated on data.dataset (project, updated_at desc, name desc);

-- Who may use which bytes: objects are stored once for everybody, and a digest alone opens nothing.
create table data.upload (
  project text not null references platform.project (name) on delete cascade,
  digest text not null,
  size_bytes bigint not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  primary key (project, digest)
);

create table data.validation (
  id uuid primary key,
  project text not null,
  dataset text not null,
  version int,
  verdict text not null check (verdict in ('pass', 'warn', 'fail')),
  results jsonb not null,
  expectations jsonb not null,
  batch jsonb not null,
  row_count bigint not null,
  milliseconds int not null,
  at timestamptz not null,
  foreign key (project, dataset) references data.dataset (project, name) on delete cascade
);

comment on column data.validation.version is 'null: the batch was refused';
comment on column data.validation.batch is 'the files, the columns and the earlier files that were judged';

create index validation_of_dataset on data.validation (project, dataset, id desc);

create table data.version (
  project text not null,
  dataset text not null,
  version int not null check (version > 0),
  digest text not null,
  row_count bigint not null,
  size_bytes bigint not null,
  columns jsonb not null,
  files jsonb not null,
  profile jsonb not null,
  parent_version int,
  validation_id uuid references data.validation (id),
  verdict text not null check (verdict in ('pass', 'warn')),
  source text not null default '',
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  primary key (project, dataset, version),
  foreign key (project, dataset) references data.dataset (project, name) on delete cascade
);

create index version_validation on data.version (validation_id);

create table data.lineage_node (
  project text not null references platform.project (name) on delete cascade,
  kind text not null,
  id text not null,
  title text not null,
  details jsonb not null default '{}',
  at timestamptz not null default clock_timestamp(),
  primary key (project, kind, id)
);

create index lineage_node_newest on data.lineage_node (project, at desc);

create table data.lineage_edge (
  project text not null,
  from_kind text not null,
  from_id text not null,
  to_kind text not null,
  to_id text not null,
  role text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (project, from_kind, from_id, to_kind, to_id, role),
  foreign key (project, from_kind, from_id) references data.lineage_node (project, kind, id) on delete cascade,
  foreign key (project, to_kind, to_id) references data.lineage_node (project, kind, id) on delete cascade
);

create index lineage_edge_to on data.lineage_edge (project, to_kind, to_id);
