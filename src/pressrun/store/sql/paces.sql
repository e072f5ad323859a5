-- name: load
-- Where each scope's pace stood.
select scope, state from pace;

-- name: store
-- Keep where each scope's pace stands.
insert into pace (scope, state)
select key, json(value) from json_each(:states) where true
on conflict (scope) do update set state = excluded.state;
