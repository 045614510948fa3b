create schema serving;

create table serving.endpoint (
  id uuid primary key,
  project text not null references platform.project (name) on delete cascade,
  name text not null,
  definition jsonb not null,
  champion int,
  watermark timestamptz,
  is_declared boolean not null default false,
  settled_until timestamptz,
  next_due timestamptz,
  due_changes bigint not null default 0,
  log_position bigint not null default 0,
  log_sequence bigint not null default 0,
  last_prediction_at timestamptz,
  feature_names text[] not null default '{}',
  predictions bigint not null default 0,
  labels bigint not null default 0,
  unknown_labels bigint not null default 0,
  lost_predictions bigint not null default 0,
  snapshot_sequence bigint not null default 0,
  snapshot_until timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  unique (project, name)
);

comment on column serving.endpoint.watermark is 'event time: all predictions and labels up to it are in';
comment on column serving.endpoint.is_declared is 'a caller declares the watermark; otherwise it follows the clock';
comment on column serving.endpoint.settled_until is 'event time up to which everything that was due is done';
comment on column serving.endpoint.next_due is 'event time at which something is due next; null: ask';
comment on column serving.endpoint.due_changes is 'counts what was announced: a rollout, a changed monitor';
comment on column serving.endpoint.log_position is 'bytes of the spool that are in segments';
comment on column serving.endpoint.snapshot_sequence is
  'labels up to this number that became known by snapshot_until are rows of the feedback dataset';

-- A Parquet object of the log. Written once, in the transaction that moves the position of what was read.
create table serving.segment (
  id bigint generated always as identity primary key,
  endpoint_id uuid not null references serving.endpoint (id) on delete cascade,
  kind text not null check (kind in ('predictions', 'shadows', 'labels')),
  digest text not null,
  row_count bigint not null,
  size_bytes bigint not null,
  min_at timestamptz not null,
  max_at timestamptz not null,
  min_sequence bigint not null,
  max_sequence bigint not null,
  created_at timestamptz not null default clock_timestamp()
);

create index segment_of_endpoint on serving.segment (endpoint_id, kind, max_at);

create table serving.rollout (
  id uuid primary key,
  endpoint_id uuid not null references serving.endpoint (id) on delete cascade,
  champion int,
  candidate int not null,
  plan jsonb not null,
  plan_digest text not null,
  state text not null check (state in ('running', 'promoted', 'rolled_back', 'needs_review', 'aborted')),
  step int not null default 0,
  reason text not null default '',
  started_at timestamptz not null default clock_timestamp(),
  started_by text not null,
  ended_at timestamptz,
  first_event_at timestamptz,
  last_event_at timestamptz,
  step_from timestamptz,
  next_check timestamptz,
  candidate_answered bigint not null default 0,
  evidence jsonb not null default '{}'
);

comment on column serving.rollout.step_from is 'event time of the first request of the present step';
comment on column serving.rollout.evidence is 'the largest e-values so far, by metric';

create unique index rollout_running on serving.rollout (endpoint_id) where state in ('running', 'needs_review');
create index rollout_newest on serving.rollout (endpoint_id, started_at desc);

create table serving.rollout_check (
  rollout_id uuid not null references serving.rollout (id) on delete cascade,
  at timestamptz not null,
  step int not null,
  weight double precision not null,
  verdict text not null check (verdict in ('pass', 'fail', 'not_enough_data', 'needs_review')),
  reason text not null,
  evidence jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (rollout_id, at, step)
);

-- What the gateway says about the versions it serves.
create table serving.deployment (
  endpoint_id uuid not null references serving.endpoint (id) on delete cascade,
  version int not null,
  state text not null check (state in ('starting', 'ready', 'failed')),
  error text,
  replicas jsonb not null default '[]',
  updated_at timestamptz not null default clock_timestamp(),
  primary key (endpoint_id, version)
);

-- Rows that a snapshot is about to append, so that it is not done twice after a crash.
create table serving.snapshot (
  id uuid primary key,
  endpoint_id uuid not null references serving.endpoint (id) on delete cascade,
  file_name text not null,
  digest text not null,
  row_count bigint not null,
  to_sequence bigint not null,
  until timestamptz not null,
  dataset_version int,
  created_at timestamptz not null default clock_timestamp()
);

create index snapshot_of_endpoint on serving.snapshot (endpoint_id, created_at desc);
