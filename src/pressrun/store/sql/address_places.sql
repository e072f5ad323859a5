-- name: consent
-- What evidence says, some rows at a time, null where it cannot name an address whose spellings all hold `hint`.
select id, case when lower(content) like :hint then content end as content from consent
where id > :after order by id limit :limit;

-- name: notice
-- Whom mails to one person are for, and what composing them needs, some at a time.
select id, case when lower(address) like :hint then address end as address,
    case when lower(payload) like :hint then payload end as payload
from notice where id > :after order by id limit :limit;

-- name: notice_content
-- Mails that were composed at once or are passed on, some at a time.
select id, content from notice where id > :after and content is not null order by id limit :limit;

-- name: forget_notice
-- Forget mails to one person, wherever they stand in the queue.
delete from notice where id in (select value from json_each(:ids));

-- name: inbound
-- From whom mail is held, what became of it, and whom it was to, some at a time.
select id, mail_from, outcome, recipient from inbound
where id > :after and content_id is not null order by id limit :limit;

-- name: forget_inbound
-- Nothing of these mails is kept but that they came.
update inbound set state = 'done', outcome = 'erased', settled_at = :now, content_id = null, mail_from = '', peer = '',
    recipient = case when instr(recipient, '+') then substr(recipient, 1, instr(recipient, '+')) else recipient end
where id in (select value from json_each(:ids));

-- name: inbound_content
-- What mail is held, some at a time.
select id, content from inbound_content where id > :after order by id limit :limit;

-- name: forget_inbound_content
-- The same for all that share a content.
update inbound set state = 'done', outcome = 'erased', settled_at = :now, content_id = null, mail_from = '', peer = '',
    recipient = case when instr(recipient, '+') then substr(recipient, 1, instr(recipient, '+')) else recipient end
where content_id in (select value from json_each(:ids));

-- name: delete_orphans
-- Contents that no mail needs.
delete from inbound_content where not exists (select 1 from inbound where content_id = inbound_content.id);

-- name: address_change
-- Between which addresses readers want to move.
select id, old_address, new_address from address_change where id > :after order by id limit :limit;

-- name: forget_address_change
-- A change that is forgotten can be neither confirmed nor undone.
delete from address_change where id in (select value from json_each(:ids));

-- name: errand
-- What was asked for on the web and is not carried out yet.
select id, address, name, words from errand where id > :after order by id limit :limit;

-- name: forget_errand
-- It is not carried out.
delete from errand where id in (select value from json_each(:ids));

-- name: confirmation
-- Names that are taken over once a request is proven, as far as they hold a sign that no address is without.
select id, name from confirmation where id > :after and name glob :signs order by id limit :limit;

-- name: forget_confirmation
-- The request stays, the name goes.
update confirmation set name = '' where id in (select value from json_each(:ids));

-- name: subscriber
-- What is said of people who may name somebody else, some at a time, as far as it holds a sign that no address is without.
select id, name, attributes from subscriber
where id > :after and (name glob :signs or attributes glob :signs) order by id limit :limit;

-- name: forget_subscriber
-- Others stay readers, without the words in which they name somebody.
update subscriber set name = :name, attributes = :attributes where id = :id;

-- name: suppression
-- Suppressed addresses.
select digest, address from suppression where address is not null;

-- name: editor
-- Who may post.
select list_id, address_key, address from editor;

-- name: forget_editor
-- An erased person posts no more.
delete from editor where list_id = :list_id and address_key = :address_key;

-- name: list
-- What lists say of themselves.
select name, title, description, from_address, owner, reply_to, postal_address, footer, cadence from list order by name;

-- name: edition
-- What editions say, some at a time.
select edition.id, edition.subject, edition.title, edition.preheader, edition.issue, edition_content.text,
    edition_content.html, edition_content.source
from edition join edition_content on edition_content.edition_id = edition.id
where edition.id > :after order by edition.id limit :limit;

-- name: forget_search
-- Cancelled editions that never went out are not found.
delete from archive_search where rowid in (
    select id from edition where +state = 'cancelled' and first_claim_at is null
        and id in (select value from json_each(:ids)));

-- name: forget_edition
-- Cancelled editions that never went out are forgotten whole.
delete from edition where +state = 'cancelled' and first_claim_at is null and id in (select value from json_each(:ids));

-- name: left_editions
-- Which of these are there.
select id from edition where id in (select value from json_each(:ids)) order by id;

-- name: forget_handovers
-- What a relay had said of a reader's copies that bounced later.
delete from handover where delivery_id in (
    select delivery.id from delivery
    join subscription on subscription.id = delivery.subscription_id
    where subscription.subscriber_id = :subscriber_id);

-- name: forget_replies
-- What was said of a reader's copies, and where they went.
update delivery set reply = null, domain = ''
where subscription_id in (select id from subscription where subscriber_id = :subscriber_id);
