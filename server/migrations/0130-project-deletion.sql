-- A project that is being deleted with all that is in it: hidden from everybody at once, its rows go in batches.
alter table platform.project
  add column deleted_at timestamptz,
  add column deleted_by text;
