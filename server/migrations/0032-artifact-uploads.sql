-- Files that arrive in parts. A completed upload keeps what it became, so that completing it again answers the same.
create table tracking.artifact_upload (
  id text primary key,
  project text not null references platform.project (name) on delete cascade,
  path text collate "C" not null,
  store_upload text not null,
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  digest text,
  size_bytes bigint
);

create index artifact_upload_project on tracking.artifact_upload (project);
create index artifact_upload_age on tracking.artifact_upload (created_at);
