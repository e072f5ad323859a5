-- name: find_digest
-- The row of an earlier mail with this digest, and whether the mail is still there.
select id, received_at, content_id is not null as is_held from inbound where digest = :digest;

-- name: retire_digest
-- Let the same content be another mail from now on.
update inbound set digest = :retired where id = :id;

-- name: insert_content
-- Store a content once.
insert into inbound_content (digest, content) values (:digest, :content) on conflict (digest) do nothing;

-- name: content_id
-- The id of a content, which stays until this transaction has stored the mail that needs it.
select id from inbound_content where digest = :digest {share};

-- name: insert
-- Store a mail for one recipient.
insert into inbound (digest, content_id, mail_from, recipient, peer, utf8, received_at, queue, state, outcome, recorded_at)
values (:digest, :content_id, :mail_from, :recipient, :peer, :utf8, :received_at, :queue, :state, :outcome, :recorded_at)
on conflict (digest) do nothing;

-- name: waiting
-- Waiting mails, oldest first; the other index by state would have to be sorted for each batch.
select id from inbound {indexed by inbound_waiting}
where state = 'received' and queue = :queue and id > :after order by id limit :limit;

-- name: has_failed
-- Whether a mail to an address of ours failed and is kept.
select exists (select 1 from inbound {indexed by inbound_failed} where state = 'failed' and recipient = :recipient);

-- name: move_to_strangers
-- Take its priority from a waiting mail.
update inbound set queue = 'strangers' where id = :id and state = 'received';

-- name: get
-- One accepted mail with its content.
select inbound.id, inbound.mail_from, inbound.recipient, inbound.peer, inbound.utf8, inbound.received_at,
    inbound.queue, inbound_content.content, inbound_content.digest as content_digest
from inbound join inbound_content on inbound_content.id = inbound.content_id
where inbound.id = :id and inbound.state = 'received';

-- name: claim
-- Take a mail that waits, before its effects; no row: it has been processed or erased.
update inbound set state = 'done', recorded_at = :now where id = :id and state = 'received' returning id;

-- name: keep
-- Keep a claimed mail for a person.
update inbound set state = :state, outcome = :outcome where id = :id;

-- name: finish
-- Record the result of a claimed mail and delete everything else of it.
update inbound set outcome = :outcome, content_id = null, mail_from = '', peer = '',
    recipient = substr(recipient, 1, length(recipient) - length(ltrim(recipient, replace(recipient, '+', ''))) + 1)
where id = :id;

-- name: content_of
-- The content of a mail.
select content_id from inbound where id = :id;

-- name: delete_content
-- Delete a content that no mail needs.
delete from inbound_content where id = :id and not exists (select 1 from inbound where content_id = :id);

-- name: count_kept
-- How many mails are kept for a person.
select count(*) from inbound where state in ('kept', 'unreadable', 'failed');

-- name: newest
-- The id of the mail that came last.
select coalesce(max(id), 0) from inbound;

-- name: find_arrived
-- A mail among the few that came after another: as it came, or processed, when its recipient was cut off.
select state from inbound where id > :after and (recipient = :recipient or outcome = :outcome) order by id limit 1;

-- name: sweep_done
-- Delete mails that were processed long ago, a batch at a time.
delete from inbound where id in (
    select id from inbound where state = 'done' and recorded_at <= :before limit 1000);

-- name: kept
-- Mail that is kept for a person, newest first.
select inbound.id, inbound.recipient as "to", inbound.mail_from as "from", {time of inbound.received_at} as at,
    length(inbound_content.content) as size, inbound.state, inbound.outcome as why
from inbound {indexed by inbound_by_age}
cross join inbound_content
where inbound.state in ('kept', 'unreadable', 'failed') and inbound_content.id = inbound.content_id
    and (cast(:state as text) is null or inbound.state = :state) and inbound.id < :before
order by inbound.id desc limit :limit;

-- name: kept_content
-- One kept mail as it came.
select inbound_content.content from inbound join inbound_content on inbound_content.id = inbound.content_id
where inbound.id = :id and inbound.state in ('kept', 'unreadable', 'failed');

-- name: process_again
-- Let a kept mail be processed again.
update inbound set state = 'received', outcome = '', recorded_at = null
where id = :id and state in ('kept', 'unreadable', 'failed') and content_id is not null;

-- name: keep_again
-- Keep a processed mail for a person, as it came.
insert into inbound (id, digest, content_id, mail_from, recipient, peer, utf8, received_at, state, outcome, recorded_at)
values (:id, :digest, :content_id, :mail_from, :recipient, :peer, :utf8, :received_at, 'kept', :outcome, :now)
on conflict (id) do update set content_id = excluded.content_id, mail_from = excluded.mail_from,
    peer = excluded.peer, state = 'kept', outcome = excluded.outcome, recorded_at = excluded.recorded_at;

-- name: hold
-- Hold a mail again, or for the first time; one that is held stays as it is.
insert into inbound (id, digest, content_id, mail_from, recipient, peer, utf8, received_at, state, outcome, recorded_at, queue)
values (:id, :digest, :content_id, :mail_from, :recipient, :peer, :utf8, :received_at, :state, :outcome, :recorded_at, :queue)
on conflict (id) do update set content_id = excluded.content_id, mail_from = excluded.mail_from,
    recipient = excluded.recipient, peer = excluded.peer, state = excluded.state, outcome = excluded.outcome,
    recorded_at = excluded.recorded_at, queue = excluded.queue
where inbound.content_id is null;

-- name: drop
-- Delete a kept mail except its digest.
update inbound set state = 'done', outcome = 'dropped', recorded_at = :now, content_id = null, mail_from = '', peer = '',
    recipient = substr(recipient, 1, length(recipient) - length(ltrim(recipient, replace(recipient, '+', ''))) + 1)
where id = :id and state in ('kept', 'unreadable', 'failed');

-- name: too_old
-- Kept mails that are too old, a batch at a time.
select id from inbound where state in ('kept', 'unreadable', 'failed') and recorded_at <= :before limit 100;

-- name: beyond_size
-- The oldest kept mails beyond the total size.
select id from (
    select inbound.id, sum(length(inbound_content.content)) over (order by inbound.id desc) as total
    from inbound {indexed by inbound_by_age}
    cross join inbound_content
    where inbound.state in ('kept', 'unreadable', 'failed') and inbound_content.id = inbound.content_id) as kept
where total > :size limit 100;

-- name: kept_size
-- The size of all kept mail.
select coalesce(sum(length(inbound_content.content)), 0)
from inbound {indexed by inbound_by_age} cross join inbound_content
where inbound_content.id = inbound.content_id and inbound.state in ('kept', 'unreadable', 'failed');

-- name: waiting_sizes
-- The size of waiting mail; each recipient counts, because each mail is forwarded separately.
select inbound.queue, sum(length(inbound_content.content)) as size
from inbound {indexed by inbound_waiting} cross join inbound_content
where inbound_content.id = inbound.content_id and inbound.state = 'received' group by inbound.queue;

-- name: forwards_size
-- How much mail waits to be passed on. Here and below the few notices that hold such mail are gone through, never all
-- deliveries: a cross join keeps its order.
select coalesce(sum(length(notice.content)), 0)
from notice {indexed by notice_forwarded} cross join delivery {indexed by delivery_by_notice}
where delivery.notice_id = notice.id and notice.kind = 'forward' and notice.content is not null and delivery.state in ('queued', 'claimed', 'deferred');

-- name: forwarded_too_old
-- Mail that was forwarded long ago and did not bounce, a batch at a time.
select notice.id
from notice {indexed by notice_forwarded} cross join delivery {indexed by delivery_by_notice}
where delivery.notice_id = notice.id and notice.kind = 'forward' and notice.content is not null
    and delivery.state not in ('queued', 'claimed', 'deferred') and delivery.recorded_at <= :before
limit 100;

-- name: forwarded_beyond_size
-- The oldest forwarded mail beyond the total size.
select id from (
    select notice.id, sum(length(notice.content)) over (order by delivery.recorded_at desc, notice.id desc) as total
    from notice {indexed by notice_forwarded} cross join delivery {indexed by delivery_by_notice}
    where delivery.notice_id = notice.id and notice.kind = 'forward' and notice.content is not null
        and delivery.state not in ('queued', 'claimed', 'deferred')) as forwarded
where total > :size limit 100;

-- name: drop_forwarded
-- Delete the content of forwarded mail; its delivery stays.
update notice set content = null where id {in ids};
