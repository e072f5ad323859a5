-- name: consent
-- The content of evidence in batches; null when it cannot name the address, all of whose spellings contain `hint`.
select number as id, case when lower(content) like :hint then content end as content from consent
where number > :after order by number limit :limit;

-- name: notice
-- Recipients and payloads of notices, in batches.
select id, case when lower(address) like :hint then address end as address,
    case when lower(cast(payload as text)) like :hint then payload end as payload
from notice where id > :after order by id limit :limit;

-- name: notice_content
-- Contents of notices, in batches.
select id, content from notice where id > :after and content is not null order by id limit :limit;

-- name: forget_notice
-- Delete notices, whether or not they are queued.
delete from notice where id {in ids};

-- name: inbound
-- Senders, recipients and results of accepted mail, in batches.
select id, mail_from, outcome, recipient from inbound
where id > :after and content_id is not null order by id limit :limit;

-- name: forget_inbound
-- Delete everything of accepted mails but their digests.
update inbound set state = 'done', outcome = 'erased', recorded_at = :now, content_id = null, mail_from = '', peer = '',
    recipient = substr(recipient, 1, length(recipient) - length(ltrim(recipient, replace(recipient, '+', ''))) + 1)
where id {in ids};

-- name: inbound_content
-- Contents of accepted mail, in batches.
select id, content from inbound_content where id > :after order by id limit :limit;

-- name: forget_inbound_content
-- Delete everything but the digests of all mails with these contents.
update inbound set state = 'done', outcome = 'erased', recorded_at = :now, content_id = null, mail_from = '', peer = '',
    recipient = substr(recipient, 1, length(recipient) - length(ltrim(recipient, replace(recipient, '+', ''))) + 1)
where content_id {in ids};

-- name: delete_orphans
-- Delete contents that no mail needs.
delete from inbound_content where not exists (select 1 from inbound where content_id = inbound_content.id);

-- name: address_change
-- Old and new addresses of changes.
select id, old_address, new_address from address_change where id > :after order by id limit :limit;

-- name: forget_address_change
-- Delete changes, which can then be neither confirmed nor undone.
delete from address_change where id {in ids};

-- name: pending_request
-- Pending requests.
select id, address, name, words, attributes, url from pending_request where id > :after order by id limit :limit;

-- name: forget_pending_request
-- Delete pending requests.
delete from pending_request where id {in ids};

-- name: login_code
-- Addresses that codes were asked for.
select id, address from login_code where id > :after order by id limit :limit;

-- name: forget_login_code
-- Delete requests for codes.
delete from login_code where id {in ids};

-- name: forget_confirmation
-- Delete the names and columns of requests.
update confirmation set name = '', attributes = '{}' where id {in ids};

-- name: forget_subscriber
-- Write names and attributes back without an erased address.
update subscriber set name = :name, attributes = :attributes where id = :id;

-- name: job
-- What became of the rows of imports, and why imports failed.
select id, result, problem from job where id > :after order by id limit :limit;

-- name: forget_job
-- Delete the results of imports.
update job set result = '{}', problem = null where id {in ids};

-- name: suppression
-- Suppressed addresses.
select digest, address from suppression where address is not null;

-- name: person
-- People and their addresses.
select id, address, address_key from person where address is not null;

-- name: forget_person
-- Delete people who cannot log in.
delete from person where enrolled_at is null and is_operator = 0 and id {in ids};

-- name: withdraw_person
-- Others post by mail no more.
delete from draft_editor where person_id {in ids};

-- name: forget_links
-- The links that people were mailed work no more.
delete from enter_link where person_id {in ids};

-- name: forget_address_of_person
-- Others lose their address.
update person set address = null, address_key = null where id {in ids};

-- name: identity
-- By whom else people are known.
select person_id, issuer, subject from identity;

-- name: forget_identity
-- An issuer knows a person no more.
delete from identity where issuer = :issuer and subject = :subject;

-- name: list
-- The settings of lists.
select name, title, description, from_address, owner, reply_to, postal_address, footer, cadence from list order by name;

-- name: edition
-- The contents of editions, in batches.
select edition.id, edition.subject, edition.title, edition.preheader, edition.issue, edition_content.text,
    edition_content.html, edition_content.source, manuscript.words, manuscript.source_url
from edition join edition_content on edition_content.edition_id = edition.id
    left join manuscript on manuscript.edition_id = edition.id
where edition.id > :after order by edition.id limit :limit;

-- name: revision
-- The former texts of drafts, in batches.
select id, source from revision where id > :after and source is not null order by id limit :limit;

-- name: forget_revision
-- Let go of former texts.
update revision set source = null where id {in ids};

-- name: forget_search
-- Remove cancelled editions that were never sent from the search index.
delete from archive_search where rowid in (
    select id from edition where {+}state = 'cancelled' and first_claim_at is null
        and id {in ids});

-- name: forget_edition
-- Delete cancelled editions that were never sent.
delete from edition where {+}state = 'cancelled' and first_claim_at is null and id {in ids};

-- name: left_editions
-- Those of these editions that still exist.
select id from edition where id {in ids} order by id;

-- name: forget_handovers
-- Delete the kept replies about a reader's copies.
delete from handover where delivery_id in (
    select delivery.id from delivery
    where delivery.subscription_id {in (select id from subscription where subscriber_id = :subscriber_id)});

-- name: forget_replies
-- Delete replies and domains of a reader's copies.
update delivery set reply = null, domain = ''
where subscription_id {in (select id from subscription where subscriber_id = :subscriber_id)};
