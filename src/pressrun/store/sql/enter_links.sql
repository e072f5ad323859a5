-- name: insert
-- A link by which a person enters once.
insert into enter_link (person_id, kind, created_at, expires_at) values (:person_id, :kind, :now, :expires_at)
returning id;

-- name: find_person_id
-- The person of a link that still works.
select person_id from enter_link where id = :id and expires_at = :expires_at and expires_at > :now;

-- name: spend
-- Use a link up.
delete from enter_link where id = :id and expires_at = :expires_at and expires_at > :now returning person_id;

-- name: delete_of
-- The links of a person work no more.
delete from enter_link where person_id = :person_id;

-- name: invited
-- Until when the invitations of these people work.
select person_id, max(expires_at) as expires_at from enter_link
where kind = 'invitation' and expires_at > :now and person_id {in ids} group by person_id;

-- name: invited_since
-- A recent invitation of a person that still works.
select 1 from enter_link
where person_id = :person_id and kind = 'invitation' and created_at > :since and created_at <= :now
    and expires_at > :now
limit 1;

-- name: sweep
-- Delete links that have expired.
delete from enter_link where expires_at <= :now;
