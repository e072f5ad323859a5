-- name: keep_key
-- A key that was made since, or when it retires by what was decided since.
insert into keyring (number, fingerprint, retires_at) values (:number, :fingerprint, :retires_at)
on conflict (number) do update set retires_at = coalesce(excluded.retires_at, keyring.retires_at);

-- name: suppressions
-- All suppressions.
select digest, address, reason, since from suppression;

-- name: forget_suppressed
-- Forget the address of somebody who was erased. A mailbox may be that of another spelling.
update suppression set address = null where digest = :digest and reason <> 'never-again';

-- name: lift_erased
-- Lift the suppression of an erased person who has come back since, and confirmed that.
delete from suppression where digest = :digest and reason = 'erased' and exists (select 1 from subscriber
    join subscription on subscription.subscriber_id = subscriber.id and subscription.state in ('active', 'suspended')
    where substr(suppression_digest, 1, 4) = :beginning and suppression_digest = :digest
        and subscriber.created_at > suppression.since);

-- name: moved_readers
-- Readers whose preferences links have ended once, as they do when the address changes.
select id, created_at, address, address_key, domain, suppression_digest, mailbox_digest, epoch
from subscriber where epoch > 0;

-- name: move_reader
-- Give the same reader the address that they had later, unless somebody has it here.
update subscriber set address = :address, address_key = :address_key, domain = :domain,
    suppression_digest = :suppression_digest, mailbox_digest = :mailbox_digest
where id = :id and created_at = :created_at and epoch < :epoch and address_key <> :address_key
    and not exists (select 1 from subscriber as other where other.address_key = :address_key);

-- name: waits_to_move
-- Whether the same reader still has another address here than later, because somebody else has the later one.
select 1 from subscriber where id = :id and created_at = :created_at and epoch < :epoch and address_key <> :address_key;

-- name: end_links
-- Preferences links that had ended later have ended.
update subscriber set epoch = :epoch where id = :id and created_at = :created_at and epoch < :epoch;

-- name: endings
-- The subscriptions of readers who get no mail, each with who the reader is.
select subscription.id, subscription.list_id, subscription.subscriber_id, subscriber.created_at, subscription.state,
    subscription.state_before, subscription.suspended_for, subscription.paused_until, subscription.source,
    subscription.since, subscription.round, subscription.moved_to
from subscription cross join subscriber
where subscription.state <> 'active' and subscriber.id = subscription.subscriber_id;

-- name: end_subscription
-- Bring a subscription to the later state of the same reader's; nobody gets more mail because of that. Whoever has left has
-- left, also if somebody has asked for them again since: no link here confirms that. Those may be readers who had been
-- asked for or removed by a sync before. A pause may have become longer, and a suspension that looked like one for bounces
-- may have turned out to come from a file.
update subscription set state = coalesce(cast(:state_before as text), cast(:state as text)), state_before = null,
    suspended_for = :suspended_for, paused_until = :paused_until, source = :source, since = :since, round = :round,
    moved_to = :moved_to
where id = :id and list_id = :list_id and subscriber_id = :subscriber_id
    and exists (select 1 from subscriber where subscriber.id = subscription.subscriber_id and created_at = :created_at)
    and (state = 'active' or (state = 'suspended' and cast(:state as text) = 'pending')
        or ('unsubscribed' in (cast(:state as text), cast(:state_before as text)) and (state = 'suspended'
            or (state = 'pending' and (state_before is null or cast(:state as text) = 'unsubscribed'))
            or (state = 'unsubscribed' and source = 'sync' and cast(:source as text) <> 'sync')))
        or (state = 'suspended' and suspended_for = 'bounces'
            and cast(:state as text) = 'suspended' and cast(:suspended_for as text) is null)
        or (state = 'suspended' and cast(:state as text) = 'suspended' and paused_until is not null
            and (cast(:paused_until as bigint) is null or cast(:paused_until as bigint) > paused_until)));

-- name: last_subscription
-- The highest id of a subscription.
select coalesce(max(id), 0) from subscription;

-- name: left_since
-- Later subscriptions that have ended, also if somebody has asked for them again, each with all data of its reader.
select subscription.id as subscription_id, subscription.list_id, subscription.source, subscription.since, subscription.round,
    subscription.moved_to, subscriber.id, subscriber.address, subscriber.address_key, subscriber.domain,
    subscriber.suppression_digest, subscriber.mailbox_digest, subscriber.name, subscriber.language, subscriber.attributes,
    subscriber.epoch, subscriber.created_at, subscriber.text_only
from subscription cross join subscriber
where subscription.id > :after and (subscription.state = 'unsubscribed' or subscription.state_before = 'unsubscribed')
    and subscriber.id = subscription.subscriber_id;

-- name: left_removed
-- Whom evidence after this row shows to have left a list that is gone, being removed or newer than these lists, and not
-- to have come back; the content has the name of the list, and what removed them.
select list_id, subscriber_id, event, content from consent as left_list
where number > :after and event in ('withdrawn', 'removed') and subscriber_id is not null and list_id is not null
    and (list_id > :last_list or not exists (select 1 from list where list.id = left_list.list_id
        and not exists (select 1 from list_removal where list_removal.list_id = list.id)))
    and not exists (select 1 from consent as back
        where back.subscriber_id = left_list.subscriber_id and back.list_id = left_list.list_id
            and back.number > left_list.number
            and back.event in ('confirmed', 'added', 'imported', 'restored', 'switched', 'moved'));

-- name: add_reader
-- Add a reader who came since, unless somebody has the address here.
insert into subscriber (id, address, address_key, domain, suppression_digest, mailbox_digest, name, language, attributes,
    epoch, created_at, text_only)
values (:id, :address, :address_key, :domain, :suppression_digest, :mailbox_digest, :name, :language, :attributes, :epoch,
    :created_at, :text_only)
on conflict do nothing;

-- name: add_ended
-- Add a subscription that the same reader has ended since, if its list is here.
insert into subscription (id, list_id, subscriber_id, state, source, since, round, moved_to)
select cast(:subscription_id as bigint), list.id, subscriber.id, 'unsubscribed', cast(:source as text),
    cast(:since as bigint), cast(:round as bigint), cast(:moved_to as bigint)
from subscriber cross join list
where subscriber.id = :id and subscriber.created_at = :created_at and list.id = :list_id
on conflict do nothing;

-- name: void_requests
-- Make void the requests of a subscription that were void later, whatever its state is.
update subscription set round = :round
where id = :id and list_id = :list_id and subscriber_id = :subscriber_id and round < :round
    and exists (select 1 from subscriber where subscriber.id = subscription.subscriber_id and created_at = :created_at);

-- name: reading
-- The subscriptions of these readers that get mail, or will after a pause.
select id, list_id, subscriber_id from subscription where subscriber_id {in ids} and state in ('active', 'suspended');

-- name: removed_pauses
-- Subscriptions that were paused when they went with their list.
select subscription_id, subscriber_id, paused_until from former_reader where paused_until is not null;

-- name: pause_removed
-- Pause such a subscription where the list is back, unless it gets no mail for longer.
update subscription set state = 'suspended', suspended_for = 'paused', paused_until = :paused_until
where id = :subscription_id and subscriber_id = :subscriber_id
    and (state = 'active' or (state = 'suspended' and paused_until < :paused_until));

-- name: subscriptions
-- All subscriptions of these readers.
select id, list_id, subscriber_id, state from subscription where subscriber_id {in ids};

-- name: end_reading
-- End these subscriptions, and make void the links that would confirm them. Readers whom a sync has removed may leave for
-- good: then no sync brings them back.
update subscription set state = 'unsubscribed', state_before = null, suspended_for = null, paused_until = null,
    source = :source, round = round + 1
where id {in ids} and (state <> 'unsubscribed' or source = 'sync' and cast(:source as text) <> 'sync');

-- name: answered_changes
-- Changes of address that were confirmed, stopped or undone.
select address_change.id, address_change.subscriber_id, address_change.old_address, address_change.new_address,
    address_change.state, address_change.former, address_change.created_at, address_change.expires_at,
    subscriber.created_at as reader_since
from address_change cross join subscriber
where address_change.state <> 'asked' and subscriber.id = address_change.subscriber_id;

-- name: store_change
-- Bring a change of the same reader to its later state: a stopped one stays stopped, and a done one can be undone.
insert into address_change (id, subscriber_id, old_address, new_address, state, former, created_at, expires_at)
select cast(:id as bigint), subscriber.id, cast(:old_address as text), cast(:new_address as text), cast(:state as text),
    cast(:former as text), cast(:created_at as bigint), cast(:expires_at as bigint)
from subscriber where subscriber.id = :subscriber_id and subscriber.created_at = :reader_since
on conflict (id) do update set state = excluded.state, former = excluded.former, expires_at = excluded.expires_at
where address_change.subscriber_id = excluded.subscriber_id and address_change.created_at = excluded.created_at;

-- name: change_ids
-- All changes of address.
select id from address_change;

-- name: suspensions
-- Readers who are suspended for bounces, each with when they came.
select suspension.subscriber_id, subscriber.created_at, suspension.since, suspension.first_edition_id, suspension.probed_at
from suspension cross join subscriber
where suspension.ended_at is null and subscriber.id = suspension.subscriber_id;

-- name: suspend
-- Suspend the same reader, who can come back by the link in the probe that went out since and gets no second one.
insert into suspension (subscriber_id, since, first_edition_id, probed_at)
select id, cast(:since as bigint), cast(:first_edition_id as bigint), cast(:probed_at as bigint)
from subscriber where id = :subscriber_id and created_at = :created_at
on conflict (subscriber_id) do update set since = excluded.since, first_edition_id = excluded.first_edition_id,
    probed_at = excluded.probed_at, ended_at = null;

-- name: suspend_reading
-- Suspend for bounces the subscriptions that such a reader has here and no longer had later, as they went with their list.
update subscription set state = 'suspended', suspended_for = 'bounces'
where state = 'active' and subscriber_id in (select subscriber_id from suspension where ended_at is null);

-- name: members
-- Readers, some at a time, with each of their subscriptions, if they have any.
select subscriber.id, subscriber.created_at, subscriber.address, subscriber.domain, subscriber.suppression_digest,
    subscription.list_id, subscription.state
from subscriber left join subscription on subscription.subscriber_id = subscriber.id
where subscriber.id > :after and subscriber.id <= :through;

-- name: end_of_page
-- The id of the last of some readers, in the order of their ids; null without any.
select max(id) from (select id from subscriber where id > :after order by id limit :limit) as page;

-- name: readers
-- Those of these readers that are there, with when they came.
select id, created_at from subscriber where id {in ids};

-- name: erased
-- The digests that are left of erased people, and since when they have been suppressed. "Never again" applies to a mailbox,
-- so its digest may come from another address of that mailbox.
select digest, reason, since from suppression where address is null and reason <> 'never-again';

-- name: lists
-- All lists, with the times when they were created and closed, and whether they are being removed.
select id, created_at, closed_at, exists (select 1 from list_removal where list_id = list.id) as is_ending from list;

-- name: unfinished_editions
-- Editions that are not over, welcome mails among them.
select id, list_id, state, started_at, message_secret, is_welcome from edition {indexed by edition_by_state}
where state in ('draft', 'scheduled', 'sending', 'paused') order by id;

-- name: finished_editions
-- Editions that are over. They may have been opened again since.
select id, list_id, state, finished_at, message_secret from edition {indexed by edition_by_state}
where state in ('finished', 'cancelled') order by id;

-- name: find_edition
-- How far the same edition came.
select state, unsubscribed, complaints, canary_percent, canary_copies, pause_reason, auto_paused_at, scheduled_at, started_at,
    first_claim_at, finished_at, copies_removed_at
from edition where id = :id and message_secret = :message_secret;

-- name: set_edition
-- Bring an edition to where the former database had it; its audience are the copies that it has here.
update edition set state = :state, unsubscribed = :unsubscribed, complaints = :complaints, canary_copies = :canary_copies,
    pause_reason = :pause_reason, auto_paused_at = :auto_paused_at, scheduled_at = :scheduled_at, started_at = :started_at,
    first_claim_at = :first_claim_at, finished_at = :finished_at, copies_removed_at = :copies_removed_at,
    audience = (select count(*) from delivery where delivery.edition_id = edition.id)
where id = :id;

-- name: editions_since
-- Editions with a higher id that have begun or were to begin, and were not cancelled before any copy, newest first.
select edition.id, list.name as list, edition.subject, edition.audience from edition cross join list
where edition.id > :after and (edition.first_claim_at is not null or edition.state not in ('draft', 'cancelled')) and edition.is_welcome = 0
    and list.id = edition.list_id
order by edition.id desc limit 100;

-- name: begun_editions
-- Editions that have begun.
select id from edition where started_at is not null;

-- name: keyed_requests
-- What requests with a key did, and whether the reader they were about has been erased since.
select caller, digest, request, object, subscriber_id, at, has_created,
    subscriber_id is not null and not exists (select 1 from subscriber where id = idempotency_key.subscriber_id) as is_gone
from idempotency_key;

-- name: copies
-- The copies of an edition, each with who its reader is; null where the subscription is gone, and the copy over.
select delivery.id, delivery.edition_id, delivery.subscription_id, delivery.domain, delivery.state, delivery.attempts,
    delivery.due_at, delivery.first_attempt_at, delivery.recorded_at, delivery.relay, delivery.code, delivery.enhanced,
    delivery.kind, delivery.bounce, delivery.destination, delivery.claimed_by,
    subscriber.id as subscriber_id, subscriber.created_at
from delivery
left join subscription on subscription.id = delivery.subscription_id
left join subscriber on subscriber.id = subscription.subscriber_id
where delivery.edition_id = :edition_id
    and (delivery.subscription_id is not null or delivery.state in ('delivered', 'failed', 'cancelled'));

-- name: set_copy
-- Bring a copy to where the former database had it, without the words of the relay, which may name somebody. One that was
-- delivered here does not wait again: that database may have been restored from an older backup.
update delivery set state = :state, attempts = :attempts, due_at = :due_at, first_attempt_at = :first_attempt_at,
    recorded_at = :recorded_at, relay = :relay, code = :code, enhanced = :enhanced, reply = null, kind = :kind,
    bounce = :bounce, destination = :destination, claimed_by = null
where edition_id = :edition_id and subscription_id = :subscription_id
    and (state <> 'delivered' or cast(:state as text) in ('delivered', 'failed', 'cancelled'))
returning id;

-- name: record_copy
-- The same for a copy that came to its end as that of another subscription: its reader had changed to another language or
-- address, and perhaps back.
update delivery set state = :state, attempts = :attempts, due_at = :due_at, first_attempt_at = :first_attempt_at,
    recorded_at = :recorded_at, relay = :relay, code = :code, enhanced = :enhanced, reply = null, kind = :kind,
    bounce = :bounce, claimed_by = null
where id = :id and edition_id = :edition_id and state in ('queued', 'claimed', 'deferred')
    and cast(:state as text) in ('delivered', 'failed', 'cancelled');

-- name: add_copy
-- A copy that was made since, where the same reader has the subscription. Without an id it gets a new one.
insert into delivery (id, edition_id, subscription_id, domain, state, attempts, due_at, first_attempt_at, recorded_at, relay,
    code, enhanced, kind, bounce, destination)
select cast(:id as bigint), cast(:edition_id as bigint), subscription.id, cast(:domain as text), cast(:state as text),
    cast(:attempts as bigint), cast(:due_at as bigint), cast(:first_attempt_at as bigint), cast(:recorded_at as bigint),
    cast(:relay as text), cast(:code as bigint), cast(:enhanced as text), cast(:kind as text),
    cast(:bounce as text), cast(:destination as text)
from subscription cross join subscriber
where subscription.id = :subscription_id and subscriber.id = {+}subscription.subscriber_id
    and subscriber.id = :subscriber_id and subscriber.created_at = :created_at
on conflict do nothing;

-- name: slices
-- What is still to be done for an edition, a slice at a time.
select kind, edition_id, created_at, done_through, last_id from bulk_change where edition_id = :edition_id;

-- name: waiting_forwards
-- Somebody's mail that waits to be passed on, or may have been since, with what no other mail has by chance.
select delivery.id, notice.message_secret
from notice {indexed by notice_forwarded} join delivery {indexed by delivery_by_notice} on delivery.notice_id = notice.id
where notice.kind = 'forward' and notice.content is not null and delivery.state in ('queued', 'claimed', 'deferred');

-- name: unsent_forwards
-- The same with the mail itself, and who has claimed it.
select delivery.id, notice.message_secret, notice.payload, notice.content, delivery.attempts, delivery.first_attempt_at,
    delivery.claimed_by
from notice {indexed by notice_forwarded} join delivery {indexed by delivery_by_notice} on delivery.notice_id = notice.id
where notice.kind = 'forward' and notice.content is not null and delivery.state in ('queued', 'claimed', 'deferred');

-- name: forward
-- What became of such a mail.
select delivery.id, delivery.state, delivery.attempts, delivery.first_attempt_at, delivery.claimed_by
from delivery join notice on notice.id = delivery.notice_id
where delivery.id = :id and notice.message_secret = :message_secret;

-- name: record_forwarded
-- Somebody's mail that was passed on since.
update delivery set state = 'delivered', recorded_at = :now, claimed_by = null where id = :id;

-- name: fail_forwards
-- Somebody's mail that waits to be passed on, or may have been since, goes no further by itself.
update delivery {indexed by delivery_by_notice} set state = 'failed', recorded_at = :now, claimed_by = null
where notice_id in (select id from notice {indexed by notice_forwarded} where kind = 'forward' and content is not null)
    and state in ('queued', 'claimed', 'deferred') and not id {in accepted}
returning id;

-- name: cancel_notices
-- Cancel mails to one person that wait: nobody expects them any more.
update delivery {indexed by delivery_by_notice} set state = 'cancelled', recorded_at = :now, claimed_by = null
where notice_id is not null and state in ('queued', 'claimed', 'deferred') and not id {in accepted};

-- name: cancel_waiting
-- Cancel the copies of an edition that wait.
update delivery {indexed by delivery_queue} set state = 'cancelled', recorded_at = :now, claimed_by = null
where edition_id = :edition_id and state in ('queued', 'claimed', 'deferred') and not id {in accepted};

-- name: drop_requests
-- Requests by address from the web would lead to such mails.
delete from pending_request;

-- name: drop_leaving_notes
-- Readers who have just left are not told: they may have been, and cannot undo it by a mail that nobody expects.
delete from unsubscribe where notice_queued = 0;

-- name: end_jobs
-- End imports and syncs that were going on.
update job set state = 'cancelled', problem = :problem where state in ('queued', 'running', 'applying');

-- name: waiting_mails
-- Mail that was accepted and not processed.
select inbound.id, inbound.digest, inbound.recipient, list.id as list_id
from inbound left join list on list.name = inbound.recipient
where inbound.state = 'received' order by inbound.id;

-- name: kept_mails
-- Mail that waits for a person.
select id, digest from inbound {indexed by inbound_by_age}
where state in ('kept', 'unreadable', 'failed') order by id;

-- name: result_of_mail
-- What became of such a mail, which has a digest of its own there if its octets came again as another mail; nothing if it
-- waits, or the draft that it became does: that is not here.
select state, outcome from inbound
where digest = coalesce((select digest from inbound where digest = :retired), :digest) and state <> 'received'
    and id not in (select draft.mail_id from draft cross join edition
        where edition.id = draft.edition_id and edition.state = 'draft');

-- name: held_mails
-- Mail that waits to be processed or for a person, whole.
select inbound.id, inbound.digest, inbound.mail_from, inbound.recipient, inbound.peer, inbound.utf8, inbound.received_at,
    inbound.state, inbound.outcome, inbound.recorded_at, inbound.queue, inbound_content.content
from inbound cross join inbound_content
where inbound.state <> 'done' and inbound_content.id = inbound.content_id
order by inbound.id;

-- name: processed_mails
-- Mail that was processed: nothing is left but what it takes to know it again. What became a draft, which is not here, may
-- come again.
select id, digest, recipient, utf8, received_at, outcome, recorded_at, queue from inbound
where state = 'done'
    and id not in (select draft.mail_id from draft cross join edition
        where edition.id = draft.edition_id and edition.state = 'draft');

-- name: add_processed_mail
-- Know such a mail again if it came since.
insert into inbound (id, digest, mail_from, recipient, peer, utf8, received_at, state, outcome, recorded_at, queue)
values (:id, :digest, '', :recipient, '', :utf8, :received_at, 'done', :outcome, :recorded_at, :queue)
on conflict do nothing;

-- name: end_sessions
-- Whoever wrote to this database before it was restored is gone.
update session set state = 'gone' where state = 'live';

-- name: skip_counters
-- Leave a gap in the ids that no sequence draws.
update id_counter set last_id = last_id + :number;

-- name: link_at
-- The link of one row of evidence.
select chain from consent where number = :number;

-- name: evidence_since
-- The rows of evidence after one.
select id, number, subscriber_id, list_id, event, at, salt, content, content_digest, chain, ip, ip_salt, ip_digest
from consent where number > :after order by number;

-- name: add_evidence
-- A row of evidence as it was written: it follows the last one.
insert into consent (id, number, subscriber_id, list_id, event, at, salt, content, content_digest, chain, ip, ip_salt,
    ip_digest)
values (:id, :number, :subscriber_id, :list_id, :event, :at, :salt, :content, :content_digest, :chain, :ip, :ip_salt,
    :ip_digest);

-- name: missing_readers
-- Readers who are missing here although later evidence is about them.
select distinct subscriber_id as id from consent
where number > :after and subscriber_id is not null
    and not exists (select 1 from subscriber where subscriber.id = consent.subscriber_id);

-- name: confirmed_readers
-- All data of those of these readers who have confirmed anything, or were added.
select id, address, address_key, domain, suppression_digest, mailbox_digest, name, language, attributes, epoch, created_at,
    text_only
from subscriber
where id {in ids} and exists (select 1 from subscription
    where subscriber_id = subscriber.id and (state <> 'pending' or state_before is not null));

-- name: erased_evidence
-- Rows of evidence up to one whose content was erased.
select number from consent where number <= :through and content is null;

-- name: aged_evidence
-- Rows of evidence up to one whose network address has aged.
select number from consent where number <= :through and ip is null and ip_digest is not null;

-- name: people
-- The people who may log in or post by mail, with when they came.
select id, created_at, is_operator, enrolled_at is not null as is_enrolled from person;

-- name: disable_person
-- Somebody is no operator any more, or cannot log in any more.
update person set is_operator = case when cast(:is_operator as bigint) = 0 then 0 else is_operator end,
    enrolled_at = case when cast(:is_enrolled as bigint) = 0 then null else enrolled_at end
where id = :id;

-- name: permissions
-- What people may do on lists.
select list_id, person_id, role, readers from permission;

-- name: passwords
-- The passwords of people, by their hashes, each with the app whose code goes with it.
select password.person_id, password.hash, authenticator_app.salt
from password left join authenticator_app on authenticator_app.person_id = password.person_id;

-- name: lone_passwords
-- Operators who can log in only by a password.
select person.id from person join password on password.person_id = person.id
where person.is_operator = 1 and not exists (select 1 from authenticator_app where person_id = person.id)
    and not exists (select 1 from passkey where person_id = person.id);

-- name: apps
-- The apps of people.
select person_id, salt from authenticator_app;

-- name: steps
-- Whose code was used last.
select person_id, salt, last_step as step from authenticator_app;

-- name: recovery_codes
-- The recovery codes that are left.
select person_id, digest from recovery_code;

-- name: passkeys
-- The passkeys of people.
select person_id, credential_id from passkey;

-- name: tokens
-- The tokens of programs.
select id, digest from api_token;

-- name: end_visits
-- End all sessions, and the links and codes that would begin one.
delete from login_session;

-- name: end_links_to_enter
-- See above.
delete from enter_link;

-- name: end_login_codes
-- See above.
delete from login_code;

-- name: signatures
-- How often passkeys were used, by their own count.
select credential_id, sign_count from passkey;

-- name: keep_signatures
-- Raise the count of a passkey.
update passkey set sign_count = :sign_count where credential_id = :credential_id and sign_count < :sign_count;

-- name: forget_passkey
-- A passkey that was removed since.
delete from passkey where credential_id = :credential_id;
