-- name: insert
-- Store a request; its list may have been removed while it arrived.
insert into pending_request (kind, list_id, address, name, language, ip, words, trust, also, words_language, source,
    attributes, url, given_at)
values (:kind, (select id from list where id = :list_id), :address, :name, :language, :ip, :words, :trust, :also,
    :words_language, :source, :attributes, :url, :given_at);

-- name: is_work_pending
-- Whether a request waits, or a reader has not been mailed yet that they left.
select exists (select 1 from pending_request where set_aside_at is null) or exists (select 1 from unsubscribe where notice_queued = 0);

-- name: oldest
-- Waiting requests, oldest first.
select id from pending_request where set_aside_at is null order by id limit 25;

-- name: set_aside
-- Set a request aside that cannot be carried out.
update pending_request set set_aside_at = :now where id = :id and set_aside_at is null;

-- name: count_set_aside
-- How many requests were set aside since a time.
select count(*) from pending_request where set_aside_at > :since;

-- name: sweep
-- Delete requests that were set aside long ago.
delete from pending_request where set_aside_at <= :before;

-- name: claim
-- Take requests that wait, before they are carried out; others may have taken some of them.
delete from pending_request where id {in ids} and set_aside_at is null returning *;
