create schema pipelines;

create table pipelines.pipeline (
  project text not null references platform.project (name) on delete cascade,
  name text not null,
  version int not null,
  body jsonb not null,
  dropped_triggers bigint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz,
  primary key (project, name)
);

-- A run keeps the definition it was started with: changing a pipeline changes its next run.
create table pipelines.run (
  id text primary key,
  project text not null references platform.project (name) on delete cascade,
  pipeline text not null,
  pipeline_version int not null,
  definition jsonb not null,
  state text not null check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  params jsonb not null,
  trigger_kind text not null,
  trigger_detail text not null,
  -- An event is delivered at least once; it starts at most one run.
  trigger_key text,
  actor text not null,
  created_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  ended_at timestamptz,
  unique (project, pipeline, trigger_key)
);

create index run_newest on pipelines.run (project, id desc);
create index run_of_pipeline on pipelines.run (project, pipeline, id desc);
create index run_active on pipelines.run (project, pipeline) where state in ('queued', 'running');

create table pipelines.step (
  run_id text not null references pipelines.run (id) on delete cascade,
  id text not null,
  position int not null,
  needs text[] not null,
  state text not null check (
    state in ('pending', 'queued', 'running', 'succeeded', 'failed', 'skipped', 'cancelled')
  ),
  -- Counts up with every claim: only the newest attempt may complete the step.
  attempt int not null default 0,
  -- Attempts that the step's own code spoilt; the death of a worker is not counted here.
  failures int not null default 0,
  deaths int not null default 0,
  job_id text,
  worker jsonb,
  started_at timestamptz,
  ended_at timestamptz,
  outputs jsonb not null default '{}',
  error text,
  cache jsonb,
  max_rss_mb double precision,
  primary key (run_id, id)
);

create index step_unfinished on pipelines.step (state) where state in ('queued', 'running');

create table pipelines.log_line (
  run_id text not null,
  step_id text not null,
  attempt int not null,
  number int not null,
  at timestamptz not null,
  stream text not null,
  text text not null,
  primary key (run_id, step_id, attempt, number),
  foreign key (run_id, step_id) references pipelines.step (run_id, id) on delete cascade
);

create table pipelines.cached_result (
  project text not null references platform.project (name) on delete cascade,
  key text not null,
  outputs jsonb not null,
  run_id text not null,
  step_id text not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (project, key)
);
