create schema platform;

create table platform.project (
  name text primary key,
  title text not null default '',
  created_at timestamptz not null default clock_timestamp()
);

insert into platform.project (name, title) values ('default', 'Default');

create table platform.token (
  id uuid primary key,
  name text not null,
  prefix text not null,
  hash bytea not null unique,
  project text references platform.project (name) on delete cascade,
  role text not null check (role in ('viewer', 'contributor', 'approver', 'admin')),
  scopes text[] not null default '{}',
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);

comment on column platform.token.project is 'null means the whole instance';

create index token_project on platform.token (project);

create table platform.member (
  project text not null references platform.project (name) on delete cascade,
  principal text not null,
  role text not null check (role in ('viewer', 'contributor', 'approver', 'admin')),
  primary key (project, principal)
);

create index member_principal on platform.member (principal);

create table platform.audit_event (
  id bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(),
  project text,
  actor text not null,
  action text not null,
  subject_kind text,
  subject_id text,
  details jsonb not null default '{}',
  request_id text
);

create index audit_event_project on platform.audit_event (project, at desc);
create index audit_event_subject on platform.audit_event (subject_kind, subject_id);

create function platform.refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'platform.audit_event is append-only: % is refused', tg_op using errcode = 'insufficient_privilege';
end
$$;

-- For each statement, so that it also covers TRUNCATE and changes that match no row.
create trigger audit_event_is_append_only
  before update or delete or truncate on platform.audit_event
  for each statement execute function platform.refuse_audit_change();

create table platform.outbox (
  id bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(),
  project text not null,
  name text not null,
  payload jsonb not null
);

-- Readers go in (xid, id) order below the oldest running transaction: ids alone become visible out of order.
create index outbox_position on platform.outbox (xid, id);

create table platform.outbox_cursor (
  subscriber text primary key,
  xid xid8 not null default '0',
  id bigint not null default 0,
  failing_id bigint,
  tries integer not null default 0,
  updated_at timestamptz not null default clock_timestamp()
);

comment on column platform.outbox_cursor.failing_id is 'the event tried last, when that did not succeed at once';

create table platform.outbox_parked (
  subscriber text not null,
  event_id bigint not null,
  at timestamptz not null default clock_timestamp(),
  project text not null,
  name text not null,
  payload jsonb not null,
  error text not null,
  primary key (subscriber, event_id)
);

comment on table platform.outbox_parked is 'events a subscriber failed to handle every time, taken out of its way';

create table platform.setting (
  project text not null references platform.project (name) on delete cascade,
  key text not null,
  value jsonb not null,
  primary key (project, key)
);
