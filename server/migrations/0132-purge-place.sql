-- A folder below the default artifact root that clients wrote and the purge deletes; and where files stay, because
-- they are not kept by this server, or it may not delete them.
alter table tracking.purge
  add column place text,
  add column left_at text,
  add column error text;
