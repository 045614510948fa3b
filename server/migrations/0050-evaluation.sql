create schema evaluation;

-- What was measured and judged is a document that never changes; the columns beside it are how it is found.
create table evaluation.evaluation (
  id text primary key,
  project text not null references platform.project (name) on delete cascade,
  model text not null,
  version int not null,
  at timestamptz not null,
  body jsonb not null
);

create index evaluation_of_version on evaluation.evaluation (project, model, version, id desc);

create table evaluation.gate_report (
  id text primary key,
  project text not null references platform.project (name) on delete cascade,
  model text not null,
  version int not null,
  at timestamptz not null,
  body jsonb not null
);

create index gate_report_of_version on evaluation.gate_report (project, model, version, id desc);
