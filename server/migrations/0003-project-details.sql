alter table platform.project
  add column description text,
  add column artifact_root text;

comment on column platform.project.artifact_root is 'where clients put artifacts of new experiments; null for the setting';
