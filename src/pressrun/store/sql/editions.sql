-- name: insert
-- A new edition.
-- guards: list
insert into edition (id, list_id, slug, state, subject, title, preheader, language, source_name, source_digest, message_secret,
    canary_percent, dated_at, created_at, scheduled_at, is_welcome, issue, is_repeat)
values (:id, :list_id, :slug, :state, :subject, :title, :preheader, :language, :source_name, :source_digest, :message_secret,
    :canary_percent, :dated_at, :now, :scheduled_at, :is_welcome, :issue, :is_repeat);

-- name: insert_content
-- The content of a new edition.
insert into edition_content (edition_id, source, skeleton, text, html, text_skeleton)
values (:edition_id, :source, :skeleton, :text, :html, :text_skeleton);

-- name: insert_asset
-- One image or file of a new edition.
insert into edition_asset (edition_id, number, name, media_type, content)
values (:edition_id, :number, :name, :media_type, :content);

-- name: get
-- One edition by id.
select edition.*, list.name as list_name, list.relay as list_relay, list.hours as list_hours,
    list.timezone as list_timezone
from edition join list on list.id = edition.list_id where edition.id = :id {lock of edition};

-- name: find_by_digest
-- The first edition of a list with the same content.
select id from edition where list_id = :list_id and source_digest = :source_digest and is_welcome = 0
order by id limit 1;

-- name: find_by_subject
-- The latest edition of a list with this subject that goes out or has gone out, if it is not too old.
select id from edition where list_id = :list_id and subject = :subject and is_welcome = 0
    and state not in ('draft', 'cancelled') and created_at >= :since
order by id desc limit 1;

-- name: slugs
-- The slugs of a list that begin alike.
select id, slug from edition where list_id = :list_id and slug >= :slug and slug < :slug || '{';

-- name: give_up_slug
-- Free the slug of an edition that nobody will ever see.
update edition set slug = slug || '~' || id where id = :id;

-- name: rewrite
-- Another text of a draft.
-- guards: edition
update edition set slug = :slug, subject = :subject, title = :title, preheader = :preheader, language = :language,
    source_name = :source_name, source_digest = :source_digest, dated_at = :dated_at, issue = :issue
where id = :id and state = 'draft';

-- name: rewrite_content
-- The content of another text.
update edition_content set source = :source, skeleton = :skeleton, text = :text, html = :html, text_skeleton = :text_skeleton
where edition_id = :edition_id;

-- name: delete_assets
-- The images and files of the former text.
delete from edition_asset where edition_id = :edition_id;

-- name: delete_cancelled
-- Delete an edition that nobody will ever see.
delete from edition where id = :id and state = 'cancelled' and first_claim_at is null;

-- name: all
-- Every edition, newest first.
select edition.*, list.name as list_name, list.relay as list_relay, list.hours as list_hours,
    list.timezone as list_timezone
from edition join list on list.id = edition.list_id where edition.is_welcome = 0 order by edition.id desc;

-- name: of_list
-- The editions of a list, newest first.
select edition.*, list.name as list_name, list.relay as list_relay, list.hours as list_hours,
    list.timezone as list_timezone
from edition join list on list.id = edition.list_id
where edition.list_id = :list_id and edition.is_welcome = 0 order by edition.id desc;

-- name: page
-- A page of the editions of a list, newest first.
select edition.*, list.name as list_name, list.relay as list_relay, list.hours as list_hours,
    list.timezone as list_timezone
from edition join list on list.id = edition.list_id
where edition.list_id = :list_id and edition.is_welcome = 0 and edition.id < :before
    and edition.state = coalesce(cast(:state as text), edition.state) and edition.created_at >= :since
order by edition.id desc limit :limit;

-- name: count
-- How many editions of a list there are.
select count(*) from edition
where list_id = :list_id and is_welcome = 0
    and state = coalesce(cast(:state as text), state) and created_at >= :since;

-- name: live
-- Scheduled editions and editions that are being sent.
select edition.*, list.name as list_name, list.relay as list_relay, list.hours as list_hours,
    list.timezone as list_timezone
from edition {indexed by edition_by_state} cross join list
where edition.state in ('scheduled', 'sending') and list.id = edition.list_id order by edition.id;

-- name: paused
-- Paused editions.
select edition.*, list.name as list_name, list.relay as list_relay, list.hours as list_hours,
    list.timezone as list_timezone
from edition join list on list.id = edition.list_id
where edition.state = 'paused' order by edition.id;

-- name: move
-- Write the state back, if the edition is still as it was read.
-- guards: edition
update edition set state = :state, scheduled_at = :scheduled_at, started_at = :started_at, finished_at = :finished_at,
    pause_reason = :pause_reason, audience = :audience, canary_copies = :canary_copies, may_have_gone = :may_have_gone
where id = :id and state = :was_state and audience = :was_audience and scheduled_at is not distinct from :was_scheduled_at;

-- name: record_auto_pause
-- Record an automatic pause.
update edition set auto_paused_at = :now where id = :id and auto_paused_at is null;

-- name: extend_audience
-- More readers have their copies.
update edition set audience = audience + :number, canary_copies = coalesce(:canary_copies, canary_copies)
where id = :id;

-- name: publish
-- Record that the first copy is claimed, or that there are no copies.
update edition set first_claim_at = :now where id = :id and first_claim_at is null and is_welcome = 0;

-- name: count_unsubscribed
-- Count readers who unsubscribed by a link of an edition.
update edition set unsubscribed = unsubscribed + :number where id = :id;

-- name: uncount_unsubscribed
-- Take back one reader whose unsubscribe was undone.
update edition set unsubscribed = unsubscribed - 1 where id = :id and unsubscribed > 0;

-- name: count_complaint
-- Count a complaint about an edition.
update edition set complaints = complaints + 1 where id = :id;

-- name: skeleton
-- The skeleton of copies.
select skeleton from edition_content where edition_id = :edition_id;

-- name: text_skeleton
-- The skeleton of copies without HTML.
select text_skeleton from edition_content where edition_id = :edition_id;

-- name: archived
-- The editions that an archive shows, newest first, each with the name of its first file if that is a small picture.
select id, slug, title, preheader, language, published_at,
    (
        select name from edition_asset
        where edition_id = archived_edition.id and number = 0 and media_type in ('image/png', 'image/jpeg', 'image/gif', 'image/webp')
            and length(content) <= :most_of_picture
    ) as picture
from archived_edition
where list_id = :list_id and published_at >= :since and published_at < :until
order by published_at desc, id desc limit :limit offset :offset;

-- name: latest_archived
-- When the latest edition of each archive came out.
select list_id, max(published_at) as published_at from archived_edition group by list_id;

-- name: newer_archived
-- The edition that follows one in its archive.
select slug, title, language from archived_edition
where list_id = :list_id and published_at >= :published_at and (published_at > :published_at or id > :id)
order by published_at, id limit 1;

-- name: older_archived
-- The edition before one in its archive.
select slug, title, language from archived_edition
where list_id = :list_id and published_at <= :published_at and (published_at < :published_at or id < :id)
order by published_at desc, id desc limit 1;

-- name: find_archived
-- One edition of an archive by its slug; a cancelled one stays readable for those who got it.
select edition.id, slug, title, preheader, language, coalesce(dated_at, first_claim_at) as published_at, text, html
from edition join edition_content on edition_content.edition_id = edition.id
where list_id = :list_id and slug = :slug and first_claim_at is not null;

-- name: assets
-- The images and files of an edition.
select name, media_type, content from edition_asset where edition_id = :edition_id order by number;

-- name: last_id
-- The highest id that an edition ever had.
select last_id from id_counter where name = 'edition' {lock};

-- name: draw_id
-- The id of a new edition.
update id_counter set last_id = last_id + 1 where name = 'edition' returning last_id;

-- name: recent_archived
-- The newest editions of an archive with their content, for feeds and the page of the list.
select archived_edition.id, slug, title, preheader, language, published_at, text, html
from archived_edition join edition_content on edition_content.edition_id = archived_edition.id
where list_id = :list_id order by published_at desc, archived_edition.id desc limit :limit;

-- name: asset_names
-- The images and files of an edition without their content.
select name, length(content) as size_bytes from edition_asset where edition_id = :edition_id order by number;

-- name: asset_of_archived
-- One image or file of an archived edition by its name.
select edition_asset.name, media_type, content
from edition join edition_asset on edition_asset.edition_id = edition.id
where edition.list_id = :list_id and edition.slug = :slug and edition.first_claim_at is not null
    and edition_asset.name = :name
order by number limit 1;

-- name: count_event
-- Count events of one second; a negative number takes some back.
insert into counted_event (edition_id, what, at, number)
select id, :what, :at, :number from edition where id = :edition_id
on conflict (edition_id, what, at) do update set number = counted_event.number + excluded.number;

-- name: event_counts
-- The counted events of an edition in order of time, without those taken back.
select what, at, number from counted_event where edition_id = :edition_id and number > 0 order by what, at;

-- name: archived_years
-- How many editions an archive shows of each year, newest first.
select {year of published_at} as year, count(*) as number from archived_edition
where list_id = :list_id group by year order by year desc;
