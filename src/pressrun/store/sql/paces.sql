-- name: load
-- Where each scope's pace stood.
select scope, state from pace;

-- name: store
-- Keep where a scope's pace stands.
insert into pace (scope, state) values (:scope, :state)
on conflict (scope) do update set state = excluded.state;
