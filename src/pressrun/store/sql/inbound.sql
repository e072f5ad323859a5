-- name: find_digest
-- The row of a mail that came before.
select id, received_at from inbound where digest = :digest;

-- name: retire_digest
-- The same octets may come as another mail from now on.
update inbound set digest = :retired where id = :id;

-- name: insert_content
-- What a mail holds, once.
insert into inbound_content (digest, content) values (:digest, :content) on conflict do nothing;

-- name: content_id
-- Where the content of a mail stands.
select id from inbound_content where digest = :digest;

-- name: insert
-- A mail for one recipient, accepted.
insert into inbound (digest, content_id, mail_from, recipient, peer, utf8, received_at, queue, state, outcome, settled_at)
values (:digest, :content_id, :mail_from, :recipient, :peer, :utf8, :received_at, :queue, :state, :outcome, :settled_at);

-- name: waiting
-- What was accepted and not dealt with, oldest first; the other index by state would be sorted whole for each batch.
select id from inbound indexed by inbound_waiting
where state = 'received' and queue = :queue and id > :after order by id limit :limit;

-- name: has_failed
-- Whether a mail to an address of ours failed and is kept.
select exists (select 1 from inbound indexed by inbound_failed where state = 'failed' and recipient = :recipient);

-- name: move_to_strangers
-- A mail goes before nobody's any more.
update inbound set queue = 'strangers' where id = :id and state = 'received';

-- name: get
-- One accepted mail with its content.
select inbound.id, inbound.mail_from, inbound.recipient, inbound.peer, inbound.utf8, inbound.received_at,
    inbound.queue, inbound_content.content, inbound_content.digest as content_digest
from inbound join inbound_content on inbound_content.id = inbound.content_id
where inbound.id = :id and inbound.state = 'received';

-- name: settle
-- What became of a mail that is kept for a person to look at.
update inbound set state = :state, outcome = :outcome, settled_at = :now where id = :id and state = 'received';

-- name: finish
-- What became of a mail, of which nothing is needed any more.
update inbound set state = 'done', outcome = :outcome, settled_at = :now, content_id = null, mail_from = '', peer = '',
    recipient = case when instr(recipient, '+') then substr(recipient, 1, instr(recipient, '+')) else recipient end
where id = :id and state = 'received';

-- name: content_of
-- Which content a mail has.
select content_id from inbound where id = :id;

-- name: delete_content
-- Forget a content that no mail needs.
delete from inbound_content where id = :id and not exists (select 1 from inbound where content_id = :id);

-- name: count_kept
-- How many mails are kept for a person.
select count(*) from inbound where state in ('kept', 'unreadable', 'failed');

-- name: sweep_done
-- Mails that were dealt with long ago, some at a time.
delete from inbound where id in (
    select id from inbound where state = 'done' and settled_at <= :before limit 1000);

-- name: kept
-- Mail that is kept for a person, newest first.
select inbound.id, inbound.recipient, inbound.mail_from, inbound.received_at, inbound.state, inbound.outcome,
    length(inbound_content.content) as size
from inbound indexed by inbound_by_age
cross join inbound_content
where inbound.state in ('kept', 'unreadable', 'failed') and inbound_content.id = inbound.content_id
    and (:state is null or inbound.state = :state)
order by inbound.id desc;

-- name: kept_content
-- One kept mail as it came.
select inbound_content.content from inbound join inbound_content on inbound_content.id = inbound.content_id
where inbound.id = :id and inbound.state in ('kept', 'unreadable', 'failed');

-- name: process_again
-- A kept mail is dealt with once more.
update inbound set state = 'received', outcome = '', settled_at = null
where id = :id and state in ('kept', 'unreadable', 'failed') and content_id is not null;

-- name: keep_again
-- A mail that was dealt with is there again for a person to look at, as it came.
insert into inbound (id, digest, content_id, mail_from, recipient, peer, utf8, received_at, state, outcome, settled_at)
values (:id, :digest, :content_id, :mail_from, :recipient, :peer, :utf8, :received_at, 'kept', :outcome, :now)
on conflict (id) do update set content_id = excluded.content_id, mail_from = excluded.mail_from,
    peer = excluded.peer, state = 'kept', outcome = excluded.outcome, settled_at = excluded.settled_at;

-- name: drop
-- A kept mail is forgotten, but for its digest.
update inbound set state = 'done', outcome = 'dropped', settled_at = :now, content_id = null, mail_from = '', peer = '',
    recipient = case when instr(recipient, '+') then substr(recipient, 1, instr(recipient, '+')) else recipient end
where id = :id and state in ('kept', 'unreadable', 'failed');

-- name: too_old
-- Kept mail that nobody looked at in time, some at a time.
select id from inbound where state in ('kept', 'unreadable', 'failed') and settled_at <= :before limit 100;

-- name: beyond_size
-- Kept mail beyond what may be kept in all, the oldest ones.
select id from (
    select inbound.id, sum(length(inbound_content.content)) over (order by inbound.id desc) as total
    from inbound indexed by inbound_by_age
    cross join inbound_content
    where inbound.state in ('kept', 'unreadable', 'failed') and inbound_content.id = inbound.content_id)
where total > :size limit 100;

-- name: kept_size
-- How much mail is kept for a person.
select coalesce(sum(length(inbound_content.content)), 0)
from inbound indexed by inbound_by_age cross join inbound_content
where inbound_content.id = inbound.content_id and inbound.state in ('kept', 'unreadable', 'failed');

-- name: waiting_sizes
-- How much mail waits to be dealt with; each recipient's counts, for each is passed on by itself.
select inbound.queue, sum(length(inbound_content.content)) as size
from inbound indexed by inbound_waiting cross join inbound_content
where inbound_content.id = inbound.content_id and inbound.state = 'received' group by inbound.queue;

-- name: forwards_size
-- How much mail waits to be passed on. Here and below the few notices that hold such mail are gone through, never all
-- deliveries: a cross join keeps its order.
select coalesce(sum(length(notice.content)), 0)
from notice indexed by notice_forwarded cross join delivery indexed by delivery_by_notice
where delivery.notice_id = notice.id and notice.kind = 'forward' and notice.content is not null and delivery.state in ('queued', 'claimed', 'deferred');

-- name: forwarded_too_old
-- Mail that was passed on long ago and did not come back, some at a time.
select notice.id
from notice indexed by notice_forwarded cross join delivery indexed by delivery_by_notice
where delivery.notice_id = notice.id and notice.kind = 'forward' and notice.content is not null
    and delivery.state not in ('queued', 'claimed', 'deferred') and delivery.settled_at <= :before
limit 100;

-- name: forwarded_beyond_size
-- Mail that was passed on beyond what may be kept, what was passed on first.
select id from (
    select notice.id, sum(length(notice.content)) over (order by delivery.settled_at desc, notice.id desc) as total
    from notice indexed by notice_forwarded cross join delivery indexed by delivery_by_notice
    where delivery.notice_id = notice.id and notice.kind = 'forward' and notice.content is not null
        and delivery.state not in ('queued', 'claimed', 'deferred'))
where total > :size limit 100;

-- name: drop_forwarded
-- Forget the content of mail that was passed on; what is known of its way stays.
update notice set content = null where id in (select value from json_each(:ids));
