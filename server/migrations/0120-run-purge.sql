-- An experiment that is being purged is hidden at once; its runs go in batches, and it goes last.
alter table tracking.experiment drop constraint experiment_stage_check;
alter table tracking.experiment
  add constraint experiment_stage_check check (stage in ('active', 'deleted', 'purging')),
  add column purged_by text,
  add column purge_reason text;

-- What was deleted for good. Its row is gone with the transaction that made this one; its points and files follow in
-- batches. No foreign key: they must go even when their project is gone.
create table tracking.purge (
  id bigint generated always as identity primary key,
  project text not null,
  kind text not null check (kind in ('run', 'logged_model')),
  subject text collate "C" not null,
  experiment bigint not null,
  -- Whose points are deleted, and below which folder the files; null when there is nothing to delete.
  run bigint,
  folder text collate "C",
  asked_by text not null,
  reason text,
  asked_at timestamptz not null,
  points bigint not null default 0,
  files bigint not null default 0,
  finished_at timestamptz
);

create index purge_unfinished on tracking.purge (id) where finished_at is null;
create index purge_newest on tracking.purge (project, id desc);
create index purge_finished on tracking.purge (finished_at);

create index run_in_trash on tracking.run (project, id) where stage = 'deleted';

create table tracking.retention_rule (
  experiment bigint primary key references tracking.experiment (id) on delete cascade,
  purge_after_days int check (purge_after_days > 0),
  delete_after_days int check (delete_after_days > 0),
  keep_tag text not null,
  changed_by text not null,
  changed_at timestamptz not null
);
