-- name: insert
-- A new token.
insert into api_token (name, digest, scope, is_everywhere, networks, person_id, created_at, expires_at, origin_id)
values (:name, :digest, :scope, :is_everywhere, :networks, :person_id, :now, :expires_at, :origin_id)
returning id;

-- name: add_list
-- A list that a token is limited to.
insert into token_list (token_id, list_id) values (:token_id, :list_id) on conflict do nothing;

-- name: find
-- The token with a digest.
select id, name, scope, is_everywhere, networks, person_id, created_at, expires_at, used_at from api_token
where digest = :digest;

-- name: get
-- A token by its id.
select id, name, scope, is_everywhere, networks, person_id, created_at, expires_at, used_at from api_token
where id = :id;

-- name: get_by_name
-- A token by its name.
select id, name, scope, is_everywhere, networks, person_id, created_at, expires_at, used_at from api_token
where name = :name;

-- name: family
-- A token without a person, and those that were made with it.
select id, name, scope, is_everywhere, networks, person_id, created_at, expires_at, used_at from api_token
where (id = :id or origin_id = :id) and person_id is null;

-- name: origin
-- The first of the tokens that were made with each other, of which this is one.
select coalesce(origin_id, id) from api_token where id = :id;

-- name: made_with
-- The tokens that were made with one, directly or through others: those whose origin it is, those that the audit log
-- names, and later ones of its origin that came by a token that is gone, except by the one that it came by itself. What
-- was made with that one is no longer known, and it is better to name a token too many.
with recursive maker (id, who, still_there) as (
    select token.id, audit.who, exists (
        select 1 from api_token where 'token:' || api_token.name = audit.who and api_token.created_at <= audit.at
    )
    from api_token as token
    join audit on audit.action = 'token.create' and audit.outcome = 'done' and audit.object = 'token ' || token.id
    where token.id >= :id and token.origin_id = (select origin_id from api_token where id = :id)
), made (id, name, created_at) as (
    select id, name, created_at from api_token where id = :id or origin_id = :id or id in (
        select id from maker where not still_there and who not in (select who from maker where id = :id)
    )
    union
    select child.id, child.name, child.created_at
    from made
    join audit on audit.action = 'token.create' and audit.outcome = 'done'
        and audit.who = 'token:' || made.name and audit.at >= made.created_at
    join api_token as child on 'token ' || child.id = audit.object and child.id > made.id
)
select id, name from made where id <> :id order by id;

-- name: has_name
-- Whether a token has this name.
select 1 from api_token where name = :name;

-- name: lists_of
-- The names of the lists that tokens are limited to.
select token_list.token_id, list.name as list from token_list join list on list.id = token_list.list_id
where token_list.token_id {in ids} order by token_list.token_id, list.name;

-- name: page
-- Tokens in the order of their ids, of one person or of all, some at a time.
select id, name, scope, is_everywhere, networks, person_id, created_at, expires_at, used_at from api_token
where id > :after and (cast(:person_id as bigint) is null or person_id = :person_id) order by id limit :limit;

-- name: use
-- A token is used on this day.
update api_token set used_at = :day where id = :id and (used_at is null or used_at < :day);

-- name: delete_of
-- Delete all tokens of a person.
delete from api_token where person_id = :person_id returning name;

-- name: delete
-- Delete a token.
delete from api_token where id = :id;
