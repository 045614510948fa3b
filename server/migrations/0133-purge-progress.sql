-- The purge of an experiment is one thing to look at; the purges of its runs and models are its parts.
alter table tracking.purge drop constraint purge_kind_check;
alter table tracking.purge
  add constraint purge_kind_check check (kind in ('run', 'logged_model', 'experiment')),
  add column title text,
  add column part_of bigint,
  -- As far as it was known when the purge began.
  add column expected_points bigint;

create index purge_parts on tracking.purge (part_of) where part_of is not null;
create index purge_of_experiment on tracking.purge (experiment) where kind = 'experiment';
