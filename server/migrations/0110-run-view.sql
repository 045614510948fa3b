-- What the table of runs shows and in which order, by a name; `address` is what its page keeps in its address.
create table tracking.run_view (
  project text not null references platform.project (name) on delete cascade,
  name text collate "C" not null,
  address jsonb not null,
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_by text not null,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (project, name)
);
