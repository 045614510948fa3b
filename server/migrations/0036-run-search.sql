-- Runs are found in the order of a metric, param or tag by walking an index, so each value carries the start of its
-- run, which decides between equal ones.
-- The tables are copied, not changed in place: meanwhile they can be read, and writers wait instead of failing.
lock table tracking.param, tracking.run_tag, tracking.latest_metric in share row exclusive mode;

create table tracking.new_param (
  run bigint not null,
  key text collate "C" not null,
  experiment bigint not null,
  start_ms bigint not null,
  value text collate "C" not null
);

insert into tracking.new_param
select p.run, p.key, p.experiment, r.start_ms, p.value from tracking.param p join tracking.run r on r.id = p.run
order by p.run, p.key;

create table tracking.new_run_tag (
  run bigint not null,
  key text collate "C" not null,
  experiment bigint not null,
  start_ms bigint not null,
  value text collate "C" not null
);

insert into tracking.new_run_tag
select t.run, t.key, t.experiment, r.start_ms, t.value from tracking.run_tag t join tracking.run r on r.id = t.run
order by t.run, t.key;

-- Also what all points of the metric have in common, kept with every batch. `points` is null for those from before,
-- which are counted when somebody asks. Points are summed up in blocks; `open_` are those that fill none yet, or the
-- last full one.
create table tracking.new_latest_metric (
  run bigint not null,
  key text collate "C" not null,
  experiment bigint not null,
  start_ms bigint not null,
  timestamp_ms bigint not null,
  step bigint not null,
  value double precision not null,
  is_nan boolean not null,
  first_step bigint not null,
  points bigint,
  least double precision,
  greatest double precision,
  open_points int not null default 0,
  open_least double precision,
  open_least_step bigint,
  open_least_ms bigint,
  open_greatest double precision,
  open_greatest_step bigint,
  open_greatest_ms bigint
) with (fillfactor = 70);

insert into tracking.new_latest_metric (run, key, experiment, start_ms, timestamp_ms, step, value, is_nan, first_step)
select m.run, m.key, m.experiment, r.start_ms, m.timestamp_ms, m.step, m.value, m.is_nan, m.first_step
from tracking.latest_metric m join tracking.run r on r.id = m.run
order by m.run, m.key;

drop table tracking.param, tracking.run_tag, tracking.latest_metric;
alter table tracking.new_param rename to param;
alter table tracking.new_run_tag rename to run_tag;
alter table tracking.new_latest_metric rename to latest_metric;

alter table tracking.param add primary key (run, key),
  add foreign key (run) references tracking.run (id) on delete cascade;
alter table tracking.run_tag add primary key (run, key),
  add foreign key (run) references tracking.run (id) on delete cascade;
alter table tracking.latest_metric add primary key (run, key);

-- Read backwards they have the newest run first. Values can be longer than an index entry may be: the few long ones are
-- looked through.
create index param_value on tracking.param (experiment, key, value, start_ms, run) where char_length(value) <= 200;
create index param_long on tracking.param (experiment, key) where char_length(value) > 200;
create index run_tag_value on tracking.run_tag (experiment, key, value, start_ms, run) where char_length(value) <= 200;
create index run_tag_long on tracking.run_tag (experiment, key) where char_length(value) > 200;
create index latest_metric_value on tracking.latest_metric (experiment, key, value, start_ms, run) where not is_nan;
create index latest_metric_nan on tracking.latest_metric (experiment, key, start_ms, run) where is_nan;

create index run_deleted on tracking.run (experiment, start_ms desc, run_id) where stage = 'deleted';

-- Some points of a metric: the least and the greatest of the numbers among them, null when there is none. Purged with
-- their run.
create table tracking.metric_block (
  run bigint not null references tracking.run (id) on delete cascade,
  key text collate "C" not null,
  points int not null,
  least double precision,
  least_step bigint,
  least_ms bigint,
  greatest double precision,
  greatest_step bigint,
  greatest_ms bigint
);

create index metric_block_series on tracking.metric_block (run, key);

-- For programs of the version before, which may run for some minutes more: they know neither the start of a run nor
-- what is kept of its points, which are counted anew then.
create function tracking.fill_run_start() returns trigger language plpgsql as $$
begin
  select start_ms into new.start_ms from tracking.run where id = new.run;
  return new;
end $$;

create trigger fill_run_start before insert on tracking.param
  for each row when (new.start_ms is null) execute function tracking.fill_run_start();
create trigger fill_run_start before insert on tracking.run_tag
  for each row when (new.start_ms is null) execute function tracking.fill_run_start();
create trigger fill_run_start before insert on tracking.latest_metric
  for each row when (new.start_ms is null) execute function tracking.fill_run_start();

create function tracking.forget_points() returns trigger language plpgsql as $$
begin
  new.points := null;
  return new;
end $$;

create trigger forget_points before update on tracking.latest_metric
  for each row when (new.points = old.points) execute function tracking.forget_points();

analyze tracking.param, tracking.run_tag, tracking.latest_metric;
