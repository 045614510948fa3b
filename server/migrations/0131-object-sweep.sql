-- Objects that somebody stores again, or is about to refer to: the sweep leaves them alone for a while.
create table platform.object_claim (
  digest text primary key,
  claimed_at timestamptz not null
);

-- Removal of objects that nothing refers to. A sweep goes through all of them in the order of their digests.
create table platform.object_sweep (
  id bigint generated always as identity primary key,
  dry_run boolean not null,
  grace_seconds int not null check (grace_seconds >= 0),
  asked_by text not null,
  asked_at timestamptz not null default clock_timestamp(),
  -- The last digest that was looked at.
  position text not null default '',
  objects bigint not null default 0,
  bytes bigint not null default 0,
  removed_objects bigint not null default 0,
  removed_bytes bigint not null default 0,
  unfinished_uploads bigint not null default 0,
  error text,
  finished_at timestamptz
);

-- One at a time.
create unique index object_sweep_unfinished on platform.object_sweep ((finished_at is null)) where finished_at is null;

-- By these, what refers to an object is found. The tables are small, one row for each version, upload or segment.
create index upload_digest on data.upload (digest);
create index version_files on data.version using gin (files jsonb_path_ops);
create index validation_batch on data.validation using gin (batch jsonb_path_ops);
create index training_set_digest on features.training_set ((body ->> 'digest'));
create index version_files on registry.version using gin (files jsonb_path_ops);
create index segment_digest on serving.segment (digest);
create index snapshot_digest on serving.snapshot (digest);
