create schema tracking;

-- Names and keys compare byte by byte: the order of pages must not depend on where the database was made.

create sequence tracking.experiment_id as bigint minvalue 0 start with 1;

create table tracking.experiment (
  id bigint primary key default nextval('tracking.experiment_id'),
  project text not null references platform.project (name) on delete cascade,
  name text collate "C" not null,
  artifact_location text not null,
  stage text not null default 'active' check (stage in ('active', 'deleted')),
  created_ms bigint not null,
  updated_ms bigint not null,
  unique (project, name)
);

alter sequence tracking.experiment_id owned by tracking.experiment.id;

insert into tracking.experiment (id, project, name, artifact_location, created_ms, updated_ms)
select 0, 'default', 'Default', 'mlflow-artifacts:/0', now_ms, now_ms
from (select (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms) as clock;

create table tracking.experiment_tag (
  experiment bigint not null references tracking.experiment (id) on delete cascade,
  key text collate "C" not null,
  value text collate "C" not null,
  primary key (experiment, key)
);

-- Points, params and tags name a run by its number: a quarter of the size of its public id, and runs stay together.
create table tracking.run (
  id bigint generated always as identity primary key,
  run_id text collate "C" not null unique,
  project text not null references platform.project (name) on delete cascade,
  experiment bigint not null references tracking.experiment (id) on delete cascade,
  name text collate "C" not null,
  user_name text collate "C" not null default '',
  status text collate "C" not null check (status in ('RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED')),
  stage text not null default 'active' check (stage in ('active', 'deleted')),
  start_ms bigint not null,
  end_ms bigint,
  deleted_ms bigint,
  artifact_uri text collate "C" not null
);

create index run_newest on tracking.run (experiment, start_ms desc, run_id);
create index run_newest_of_project on tracking.run (project, start_ms desc, run_id);

-- No foreign key to the run: it would cost a look-up per point. Points are written for checked runs and purged with
-- them.
create table tracking.metric (
  run bigint not null,
  key text collate "C" not null,
  timestamp_ms bigint not null,
  step bigint not null,
  value double precision not null,
  is_nan boolean not null,
  primary key (run, key, timestamp_ms, step, value, is_nan)
);

-- The greatest point by (step, timestamp, value); with the experiment, so that an order by value is an index scan.
create table tracking.latest_metric (
  run bigint not null,
  key text collate "C" not null,
  experiment bigint not null,
  timestamp_ms bigint not null,
  step bigint not null,
  value double precision not null,
  is_nan boolean not null,
  first_step bigint not null,
  primary key (run, key)
) with (fillfactor = 70);

create index latest_metric_value on tracking.latest_metric (experiment, key, value) where not is_nan;

-- Values can be longer than an index entry may be, so the first characters find and the whole value decides.
create table tracking.param (
  run bigint not null references tracking.run (id) on delete cascade,
  key text collate "C" not null,
  experiment bigint not null,
  value text collate "C" not null,
  primary key (run, key)
);

create index param_value on tracking.param (experiment, key, (left(value, 200)));

create table tracking.run_tag (
  run bigint not null references tracking.run (id) on delete cascade,
  key text collate "C" not null,
  experiment bigint not null,
  value text collate "C" not null,
  primary key (run, key)
);

create index run_tag_value on tracking.run_tag (experiment, key, (left(value, 200)));

create table tracking.dataset (
  id bigint generated always as identity primary key,
  experiment bigint not null references tracking.experiment (id) on delete cascade,
  name text collate "C" not null,
  digest text collate "C" not null,
  source_type text not null,
  source text not null,
  schema text,
  profile text,
  unique (experiment, name, digest)
);

create table tracking.dataset_input (
  run bigint not null references tracking.run (id) on delete cascade,
  dataset bigint not null references tracking.dataset (id) on delete cascade,
  tags jsonb not null default '{}',
  primary key (run, dataset)
);

create index dataset_input_dataset on tracking.dataset_input (dataset);

create table tracking.logged_model (
  model_id text collate "C" primary key,
  project text not null references platform.project (name) on delete cascade,
  experiment bigint not null references tracking.experiment (id) on delete cascade,
  name text collate "C" not null,
  model_type text collate "C" not null default '',
  source_run_id text collate "C",
  status text not null,
  status_message text not null default '',
  stage text not null default 'active' check (stage in ('active', 'deleted')),
  artifact_uri text not null,
  created_ms bigint not null,
  updated_ms bigint not null
);

create index logged_model_newest on tracking.logged_model (experiment, created_ms desc, model_id);
create index logged_model_run on tracking.logged_model (source_run_id);
create index logged_model_project on tracking.logged_model (project);

create table tracking.logged_model_tag (
  model_id text collate "C" not null references tracking.logged_model (model_id) on delete cascade,
  key text collate "C" not null,
  value text collate "C" not null,
  primary key (model_id, key)
);

create table tracking.logged_model_param (
  model_id text collate "C" not null references tracking.logged_model (model_id) on delete cascade,
  key text collate "C" not null,
  value text collate "C" not null,
  primary key (model_id, key)
);

create table tracking.logged_model_metric (
  model_id text collate "C" not null references tracking.logged_model (model_id) on delete cascade,
  key text collate "C" not null,
  run_id text collate "C" not null,
  timestamp_ms bigint not null,
  step bigint not null,
  value double precision not null,
  is_nan boolean not null,
  dataset_name text collate "C" not null default '',
  dataset_digest text collate "C" not null default '',
  primary key (model_id, key, run_id, timestamp_ms, step, dataset_name, dataset_digest, value, is_nan)
);

create table tracking.model_input (
  run bigint not null references tracking.run (id) on delete cascade,
  model_id text collate "C" not null,
  primary key (run, model_id)
);

create table tracking.model_output (
  run bigint not null references tracking.run (id) on delete cascade,
  model_id text collate "C" not null,
  step bigint not null,
  primary key (run, model_id, step)
);

-- Files by their whole path below the project, `<experiment>/<run id>/artifacts/…`; the bytes are in the object store.
create table tracking.artifact (
  project text not null references platform.project (name) on delete cascade,
  path text collate "C" not null,
  digest text not null,
  size_bytes bigint not null,
  stored_at timestamptz not null default clock_timestamp(),
  primary key (project, path)
);

create index artifact_digest on tracking.artifact (digest);
