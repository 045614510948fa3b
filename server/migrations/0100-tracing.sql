create schema tracing;

-- Names, keys and ids compare byte by byte, as in tracking.

-- Tags and metadata live in the row of their trace: a page of traces is a page of rows, and writing one is one row.
create table tracing.trace (
  id bigint generated always as identity primary key,
  project text not null references platform.project (name) on delete cascade,
  trace_id text collate "C" not null,
  experiment bigint not null references tracking.experiment (id) on delete cascade,
  timestamp_ms bigint not null,
  execution_ms bigint,
  status text collate "C" not null check (status in ('STATE_UNSPECIFIED', 'OK', 'ERROR', 'IN_PROGRESS')),
  client_request_id text collate "C",
  request_preview text,
  response_preview text,
  tags jsonb not null default '{}',
  metadata jsonb not null default '{}',
  -- Whether the trace's maker said these sums; otherwise they are those of its spans.
  has_own_usage boolean not null default false,
  has_own_cost boolean not null default false,
  -- All that its spans have ever sent.
  span_bytes bigint not null default 0,
  unique (project, trace_id)
);

create index trace_newest on tracing.trace (experiment, timestamp_ms desc, trace_id);
create index trace_tags on tracing.trace using gin (tags jsonb_path_ops);
create index trace_metadata on tracing.trace using gin (metadata jsonb_path_ops);
create index trace_session on tracing.trace (experiment, (metadata ->> 'mlflow.trace.session'))
  where metadata ->> 'mlflow.trace.session' is not null;

-- The whole span is in `content`, as its clients wrote it; the columns beside it are for searching.
create table tracing.span (
  trace bigint not null references tracing.trace (id) on delete cascade,
  span_id text collate "C" not null,
  parent_id text collate "C",
  name text collate "C" not null,
  type text collate "C" not null,
  status text collate "C" not null,
  start_ns bigint not null,
  content text not null,
  primary key (trace, span_id)
);

-- Runs that a trace belongs to and prompt versions that it used, by their public ids.
create table tracing.trace_link (
  trace bigint not null references tracing.trace (id) on delete cascade,
  kind text collate "C" not null check (kind in ('run', 'prompt')),
  target text collate "C" not null,
  primary key (trace, kind, target)
);

create index trace_link_target on tracing.trace_link (kind, target);

create table tracing.assessment (
  trace bigint not null references tracing.trace (id) on delete cascade,
  assessment_id text collate "C" not null,
  kind text collate "C" not null check (kind in ('feedback', 'expectation', 'issue')),
  name text collate "C" not null,
  value text collate "C" not null,
  number double precision,
  error json,
  source_type text collate "C" not null,
  source_id text,
  span_id text,
  rationale text,
  metadata jsonb,
  overrides text collate "C",
  valid boolean not null default true,
  created_ms bigint not null,
  updated_ms bigint not null,
  primary key (trace, assessment_id)
);

create table tracing.evaluation_dataset (
  dataset_id text collate "C" primary key,
  project text not null references platform.project (name) on delete cascade,
  name text collate "C" not null,
  schema text,
  profile text,
  digest text not null,
  tags jsonb not null default '{}',
  created_ms bigint not null,
  updated_ms bigint not null,
  created_by text collate "C",
  updated_by text collate "C"
);

create index evaluation_dataset_newest on tracing.evaluation_dataset (project, created_ms desc, dataset_id desc);

create table tracing.evaluation_dataset_experiment (
  dataset_id text collate "C" not null references tracing.evaluation_dataset (dataset_id) on delete cascade,
  experiment bigint not null references tracking.experiment (id) on delete cascade,
  primary key (dataset_id, experiment)
);

create index evaluation_dataset_of_experiment on tracing.evaluation_dataset_experiment (experiment);

-- One record per distinct inputs; the texts are JSON.
create table tracing.evaluation_record (
  dataset_id text collate "C" not null references tracing.evaluation_dataset (dataset_id) on delete cascade,
  record_id text collate "C" not null,
  input_hash text collate "C" not null,
  inputs text not null,
  outputs text,
  expectations text,
  tags text,
  source text,
  source_id text,
  source_type text,
  created_ms bigint not null,
  updated_ms bigint not null,
  created_by text,
  updated_by text,
  primary key (dataset_id, record_id),
  unique (dataset_id, input_hash)
);

create index evaluation_record_oldest on tracing.evaluation_record (dataset_id, created_ms, record_id);

create table tracing.scorer (
  scorer_id text collate "C" primary key,
  experiment bigint not null references tracking.experiment (id) on delete cascade,
  name text collate "C" not null,
  unique (experiment, name)
);

create table tracing.scorer_version (
  scorer_id text collate "C" not null references tracing.scorer (scorer_id) on delete cascade,
  version integer not null,
  definition text not null,
  created_ms bigint not null,
  primary key (scorer_id, version)
);
