-- The key behind links that the platform hands out. Two random identifiers have more than 240 random bits.
create table platform.signing_key (
  is_only boolean primary key default true check (is_only),
  secret bytea not null
);

insert into platform.signing_key (secret)
values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));
