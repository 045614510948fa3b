create schema monitoring;

create table monitoring.monitor (
  project text not null references platform.project (name) on delete cascade,
  name text not null,
  endpoint text not null,
  body jsonb not null,
  -- Event time up to which every period has been evaluated.
  evaluated_until timestamptz,
  -- Where each rule stands: the hysteresis of its alert.
  rule_states jsonb not null default '{}',
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (project, name)
);

create index monitor_of_endpoint on monitoring.monitor (project, endpoint);

create table monitoring.signal_value (
  project text not null,
  monitor text not null,
  signal text not null,
  slice text not null default '',
  at timestamptz not null,
  value double precision,
  reference double precision,
  count bigint not null,
  champion_version int,
  primary key (project, monitor, signal, slice, at),
  foreign key (project, monitor) references monitoring.monitor (project, name) on delete cascade
);

-- What a signal is compared with, frozen per champion, so that the scores of all periods are comparable.
create table monitoring.reference (
  project text not null,
  monitor text not null,
  signal text not null,
  champion_version int not null,
  body jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (project, monitor, signal, champion_version),
  foreign key (project, monitor) references monitoring.monitor (project, name) on delete cascade
);

create table monitoring.incident (
  id text primary key,
  project text not null references platform.project (name) on delete cascade,
  endpoint text not null,
  state text not null check (state in ('open', 'resolved')),
  title text not null,
  opened_at timestamptz not null,
  resolved_at timestamptz
);

create index incident_newest on monitoring.incident (project, id desc);
create unique index incident_open on monitoring.incident (project, endpoint) where state = 'open';

create table monitoring.alert (
  id text primary key,
  incident_id text not null references monitoring.incident (id) on delete cascade,
  project text not null references platform.project (name) on delete cascade,
  monitor text not null,
  rule text not null,
  signal text not null,
  endpoint text not null,
  severity text not null,
  state text not null check (state in ('open', 'resolved')),
  message text not null,
  value double precision,
  bound double precision,
  opened_at timestamptz not null,
  resolved_at timestamptz
);

create index alert_newest on monitoring.alert (project, id desc);
create unique index alert_open on monitoring.alert (project, monitor, rule) where state = 'open';

create table monitoring.incident_entry (
  incident_id text not null references monitoring.incident (id) on delete cascade,
  number bigint generated always as identity,
  at timestamptz not null,
  kind text not null,
  text text not null,
  ref_kind text,
  ref_id text,
  -- The same thing is told once, however often its event is delivered.
  key text not null,
  primary key (incident_id, number),
  unique (incident_id, key)
);
