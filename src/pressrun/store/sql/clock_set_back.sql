-- name: copies
-- Let copies that were deferred at a future time wait as long from now on, a batch at a time.
update delivery set due_at = :now + due_at - recorded_at, recorded_at = :now
where id in (
    select id from delivery {indexed by delivery_queue}
    where edition_id in (select id from edition where state in ('sending', 'paused'))
        and state = 'deferred' and recorded_at > :now
    limit :most);

-- name: notices
-- The same for notices.
update delivery set due_at = :now + due_at - recorded_at, recorded_at = :now
where id in (
    select id from delivery {indexed by delivery_queue}
    where edition_id is null and state = 'deferred' and recorded_at > :now
    limit :most);

-- name: confirmations
-- Requests that wait for a confirmation.
update confirmation set expires_at = :now + expires_at - created_at, created_at = :now where created_at > :now;

-- name: held_notices
-- Held sign-ups, which expire with their request; before their notices.
update held_notice set expires_at = :now + expires_at - (select created_at from notice where notice.id = notice_id)
where (select created_at from notice where notice.id = notice_id) > :now;

-- name: held_since
-- Notices of held sign-ups.
update notice set created_at = :now where id in (select notice_id from held_notice) and created_at > :now;

-- name: address_changes
-- Changes of address.
update address_change set expires_at = :now + expires_at - created_at, created_at = :now where created_at > :now;

-- name: pauses
-- Pauses that readers chose.
update subscription set paused_until = :now + paused_until - since, since = :now
where paused_until is not null and since > :now;

-- name: suspensions
-- Suspensions that a probe follows.
update suspension set since = :now where since > :now and ended_at is null;

-- name: events
-- Events, of which the oldest keep all others: they are removed in the order of their ids. A server's clock may differ a
-- little from ours.
update event set at = :now where at > cast(:now as bigint) + 86400;

-- name: sessions
-- Sessions, which would not end until then, and would count as recent log-ins.
update login_session set started_at = case when started_at > :now then :now else started_at end,
    seen_at = case when seen_at > :now then :now else seen_at end
where started_at > :now or seen_at > :now;
