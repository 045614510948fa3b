create schema features;

create table features.entity (
  project text not null references platform.project (name) on delete cascade,
  name text not null,
  description text not null default '',
  key text not null,
  primary key (project, name)
);

create table features.view (
  project text not null references platform.project (name) on delete cascade,
  name text not null,
  version int not null,
  dataset text not null,
  body jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (project, name)
);

create index view_of_dataset on features.view (project, dataset);

create table features.training_set (
  id text primary key,
  project text not null references platform.project (name) on delete cascade,
  -- The same question about the same data and views has the same answer: it is built once.
  question text not null,
  body jsonb not null,
  unique (project, question)
);

create index training_set_newest on features.training_set (project, id desc);
