create schema governance;

create table governance.policy (
  project text not null references platform.project (name) on delete cascade,
  name text not null,
  body jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (project, name)
);

create table governance.approval (
  id text primary key,
  project text not null references platform.project (name) on delete cascade,
  model text not null,
  version int not null,
  endpoint text not null,
  state text not null check (state in ('pending', 'approved', 'rejected')),
  -- What is rolled out once it is approved.
  plan jsonb,
  body jsonb not null
);

create index approval_newest on governance.approval (project, id desc);
create index approval_of_version on governance.approval (project, model, version, id desc);
