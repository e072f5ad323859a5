CREATE TABLE keyring (
    number integer primary key,
    fingerprint blob not null
) strict;
CREATE TABLE list (
    id integer primary key autoincrement,
    name text not null unique,
    title text not null,
    description text not null default '',
    from_address text not null,
    owner text,
    reply_to text,
    postal_address text not null default '',
    language text not null default 'en',
    archive text not null default 'public' check (archive in ('public', 'members', 'off')),
    listed integer not null default 1 check (listed in (0, 1)),
    post_by_mail text not null default 'approve' check (post_by_mail in ('approve', 'direct', 'off')),
    require_postal_address integer not null default 1 check (require_postal_address in (0, 1)),
    created_at integer not null,
    closed_at integer,
    relay text,
    hours text,
    timezone text not null default 'UTC',
    layout text not null default 'letter',
    colour text,
    logo text,
    footer text not null default '',
    leaving_note integer not null default 1 check (leaving_note in (0, 1))
) strict;
CREATE TABLE list_logo (
    list_id integer primary key references list on delete cascade,
    name text not null,
    media_type text not null,
    content blob not null,
    width integer not null,
    height integer not null
) strict;
CREATE TABLE editor (
    list_id integer not null references list on delete cascade,
    address text not null,
    address_key text not null,
    primary key (list_id, address_key)
) strict, without rowid;
CREATE TABLE subscription (
    id integer primary key autoincrement,
    list_id integer not null references list on delete cascade,
    subscriber_id integer not null references subscriber on delete cascade,
    state text not null check (state in ('pending', 'active', 'suspended', 'unsubscribed')),
    state_before text check (state_before in ('unsubscribed')),
    suspended_for text check (suspended_for in ('bounces', 'paused')),
    paused_until integer,
    source text not null,
    since integer not null,
    round integer not null default 0,
    unique (subscriber_id, list_id)
) strict;
CREATE TABLE confirmation (
    id integer primary key autoincrement,
    subscription_id integer not null references subscription on delete cascade,
    round integer not null,
    name text not null default '',
    language text not null default '',
    created_at integer not null,
    expires_at integer not null
) strict;
CREATE TABLE errand (
    id integer primary key autoincrement,
    kind text not null check (kind in ('sign-up', 'preferences')),
    list_id integer references list on delete cascade,
    address text not null,
    name text not null default '',
    language text not null default '',
    ip text,
    words text not null default '',
    trust text not null check (trust in ('worked', 'proven', 'unproven', 'trap'))
) strict;
CREATE TABLE sign_up_hour (
    hour integer primary key,
    number integer not null
) strict;
CREATE TABLE leaving (
    id integer primary key autoincrement,
    subscription_id integer not null references subscription on delete cascade,
    former text not null,
    edition_id integer,
    left_at integer not null,
    expires_at integer not null,
    language text not null default '',
    noted integer not null default 0 check (noted in (0, 1))
) strict;
CREATE TABLE address_change (
    id integer primary key autoincrement,
    subscriber_id integer not null references subscriber on delete cascade,
    old_address text not null,
    new_address text not null,
    state text not null check (state in ('asked', 'done', 'undone')),
    former text not null default '{}',
    created_at integer not null,
    expires_at integer not null
) strict;
CREATE TABLE consent (
    id integer primary key autoincrement,
    subscriber_id integer,
    list_id integer,
    event text not null,
    at integer not null,
    salt blob,
    content text,
    content_digest blob not null,
    chain blob not null,
    ip text,
    ip_salt blob,
    ip_digest blob
) strict;
CREATE TABLE suppression (
    digest blob primary key,
    address text,
    reason text not null check (reason in ('hard-bounce', 'complaint', 'erased', 'never-again', 'operator')),
    since integer not null
) strict, without rowid;
CREATE TABLE edition (
    id integer primary key autoincrement,
    list_id integer not null references list on delete cascade,
    slug text not null,
    state text not null check (state in ('draft', 'scheduled', 'sending', 'paused', 'finished', 'cancelled')),
    subject text not null,
    title text not null,
    preheader text not null default '',
    language text not null,
    source_name text not null,
    source_digest blob not null,
    message_secret blob not null,
    audience integer not null default 0,
    unsubscribed integer not null default 0,
    complaints integer not null default 0,
    canary_percent real,
    canary_copies integer,
    pause_reason text,
    braked_at integer,
    dated_at integer,
    created_at integer not null,
    scheduled_at integer,
    started_at integer,
    first_claim_at integer,
    finished_at integer,
    unique (list_id, slug)
) strict;
CREATE TABLE edition_tally (
    edition_id integer not null references edition on delete cascade,
    what text not null check (what in ('deferred', 'unsubscribed', 'complained')),
    at integer not null,
    number integer not null,
    primary key (edition_id, what, at)
) strict, without rowid;
CREATE TABLE edition_content (
    edition_id integer primary key references edition on delete cascade,
    source blob not null,
    skeleton blob not null,
    text text not null,
    html text,
    text_skeleton blob
) strict;
CREATE TABLE draft (
    edition_id integer primary key references edition on delete cascade,
    findings text not null,
    expires_at integer not null,
    editors integer not null default 0
) strict;
CREATE TABLE draft_editor (
    edition_id integer not null references draft on delete cascade,
    list_id integer not null,
    address_key text not null,
    primary key (edition_id, address_key),
    foreign key (list_id, address_key) references editor on delete cascade
) strict, without rowid;
CREATE TABLE edition_asset (
    edition_id integer not null references edition on delete cascade,
    number integer not null,
    name text not null,
    media_type text not null,
    content blob not null,
    primary key (edition_id, number)
) strict;
CREATE TABLE notice (
    id integer primary key autoincrement,
    kind text not null,
    list_id integer references list on delete cascade,
    subscriber_id integer references subscriber on delete cascade,
    address text not null,
    language text not null,
    payload text not null default '{}',
    content blob,
    message_secret blob not null,
    created_at integer not null
) strict;
CREATE TABLE held_notice (
    notice_id integer primary key references notice on delete cascade,
    domain text not null,
    expires_at integer not null
) strict;
CREATE TABLE delivery (
    id integer primary key autoincrement,
    edition_id integer references edition on delete cascade,
    notice_id integer references notice on delete cascade,
    subscription_id integer references subscription on delete set null,
    domain text not null,
    state text not null check (state in ('queued', 'claimed', 'deferred', 'delivered', 'failed', 'cancelled')),
    attempts integer not null default 0,
    due_at integer not null,
    first_attempt_at integer,
    settled_at integer,
    relay text,
    code integer,
    enhanced text,
    reply text,
    kind text check (kind in ('hard', 'soft', 'policy', 'message', 'expired')),
    bounce text check (bounce in ('gone', 'full', 'unreachable', 'other', 'message', 'policy')),
    lane text not null default '',
    check ((edition_id is null) <> (notice_id is null))
) strict;
CREATE TABLE handover (
    delivery_id integer primary key references delivery on delete cascade,
    at integer,
    code integer,
    enhanced text,
    reply text
) strict;
CREATE TABLE lane_domain (
    domain text primary key,
    lane text not null,
    learned integer not null check (learned in (0, 1))
) strict, without rowid;
CREATE TABLE lane (
    name text primary key,
    state text not null
) strict, without rowid;
CREATE TABLE suspension (
    subscriber_id integer primary key references subscriber on delete cascade,
    since integer not null,
    first_edition_id integer not null,
    asked_at integer,
    ended_at integer
) strict;
CREATE TABLE pace (
    scope text primary key,
    state text not null
) strict, without rowid;
CREATE TABLE limit_event (
    scope text not null,
    subject blob not null,
    at real not null,
    serial integer not null,
    primary key (scope, subject, at, serial)
) strict, without rowid;
CREATE TABLE inbound_content (
    id integer primary key autoincrement,
    digest blob not null unique,
    content blob not null
) strict;
CREATE TABLE inbound (
    id integer primary key autoincrement,
    digest blob not null unique,
    content_id integer references inbound_content,
    mail_from text not null,
    recipient text not null,
    peer text not null,
    utf8 integer not null check (utf8 in (0, 1)),
    received_at integer not null,
    state text not null check (state in ('received', 'done', 'kept', 'unreadable', 'failed')),
    outcome text not null default '',
    settled_at integer,
    queue text not null default 'strangers' check (queue in ('readers', 'bounces', 'strangers'))
) strict;
CREATE TABLE "subscriber" (
    id integer primary key autoincrement,
    address text not null,
    address_key text not null unique,
    domain text not null,
    suppression_digest blob not null,
    mailbox_digest blob,
    name text not null default '',
    language text not null default '',
    attributes text not null default '{}',
    epoch integer not null default 0,
    created_at integer not null,
    text_only integer not null default 0 check (text_only in (0, 1))
) strict;
CREATE VIRTUAL TABLE archive_search using fts5(
    list,
    title,
    text,
    prefix = '1 2 3',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'");
CREATE INDEX subscription_by_list on subscription (list_id, state, id);
CREATE INDEX subscription_paused on subscription (paused_until) where paused_until is not null;
CREATE INDEX confirmation_by_subscription on confirmation (subscription_id);
CREATE INDEX confirmation_by_end on confirmation (expires_at);
CREATE INDEX errand_by_list on errand (list_id) where list_id is not null;
CREATE INDEX leaving_by_subscription on leaving (subscription_id);
CREATE INDEX leaving_by_end on leaving (expires_at);
CREATE INDEX leaving_to_note on leaving (id) where noted = 0;
CREATE INDEX address_change_by_subscriber on address_change (subscriber_id);
CREATE INDEX address_change_by_end on address_change (expires_at);
CREATE INDEX consent_by_subscriber on consent (subscriber_id, id);
CREATE INDEX consent_with_ip on consent (at) where ip is not null;
CREATE INDEX edition_by_digest on edition (list_id, source_digest);
CREATE INDEX edition_live on edition (id) where state in ('scheduled', 'sending');
CREATE INDEX edition_by_state on edition (state);
CREATE INDEX edition_archive on edition (list_id, coalesce(dated_at, first_claim_at), id)
where first_claim_at is not null and state <> 'cancelled' and (canary_copies is null or state = 'finished');
CREATE INDEX draft_editor_by_editor on draft_editor (list_id, address_key);
CREATE INDEX notice_by_subscriber on notice (subscriber_id);
CREATE INDEX notice_by_list on notice (list_id);
CREATE INDEX held_notice_by_end on held_notice (expires_at);
CREATE INDEX delivery_queue on delivery (edition_id, state, lane, due_at);
CREATE UNIQUE INDEX delivery_once on delivery (subscription_id, edition_id);
CREATE INDEX delivery_by_notice on delivery (notice_id) where notice_id is not null;
CREATE INDEX suspension_to_ask on suspension (since) where asked_at is null and ended_at is null;
CREATE INDEX limit_event_by_age on limit_event (scope, at);
CREATE INDEX inbound_waiting on inbound (queue, id) where state = 'received';
CREATE INDEX inbound_failed on inbound (recipient) where state = 'failed';
CREATE INDEX inbound_by_content on inbound (content_id) where content_id is not null;
CREATE INDEX inbound_by_age on inbound (state, settled_at);
CREATE INDEX subscriber_by_digest on subscriber (suppression_digest);
CREATE INDEX subscriber_by_mailbox on subscriber (mailbox_digest) where mailbox_digest is not null;
CREATE VIEW archived_edition as
select edition.*, coalesce(dated_at, first_claim_at) as published_at
from edition
where first_claim_at is not null and state <> 'cancelled' and (canary_copies is null or state = 'finished');
CREATE VIEW recipient as
select subscription.id as subscription_id, subscription.list_id, subscription.state, subscription.round,
    subscriber.id as subscriber_id, subscriber.address, subscriber.domain, subscriber.name, subscriber.language,
    subscriber.attributes, subscriber.epoch, subscriber.text_only,
    own.digest is not null or mailbox.digest is not null as is_suppressed,
    subscription.state = 'active' and own.digest is null and mailbox.digest is null as may_be_mailed
from subscription
cross join subscriber
left join suppression as own on own.digest = subscriber.suppression_digest
left join suppression as mailbox on mailbox.digest = subscriber.mailbox_digest and mailbox.reason = 'never-again'
where subscriber.id = subscription.subscriber_id;
CREATE TRIGGER consent_is_appended before insert on consent
when new.id is not (select coalesce(max(id), 0) + 1 from consent)
begin
    select raise(abort, 'consent is append-only: a row follows the last one');
end;
CREATE TRIGGER consent_is_kept before delete on consent
begin
    select raise(abort, 'consent is append-only: no row goes');
end;
CREATE TRIGGER consent_stays before update on consent
when new.id is not old.id or new.list_id is not old.list_id or new.event is not old.event or new.at is not old.at
    or new.content_digest is not old.content_digest or new.ip_digest is not old.ip_digest or new.chain is not old.chain
    or (new.subscriber_id is not old.subscriber_id and new.subscriber_id is not null)
    or (new.salt is not old.salt and new.salt is not null)
    or (new.content is not old.content and new.content is not null)
    or (new.ip is not old.ip and new.ip is not null)
    or (new.ip_salt is not old.ip_salt and new.ip_salt is not null)
begin
    select raise(abort, 'consent is append-only: what a row says can be erased, never changed');
end;
-- rows
pragma application_id = 1886545267;
pragma user_version = 18;
insert into keyring (number, fingerprint) values (0, x'0101010101010101010101010101010101010101010101010101010101010101');
insert into keyring (number, fingerprint) values (1, x'0202020202020202020202020202020202020202020202020202020202020202');
insert into list (id, name, title, description, from_address, owner, reply_to, postal_address, language, archive, listed, post_by_mail, require_postal_address, created_at, closed_at, relay, hours, timezone, layout, colour, logo, footer, leaving_note) values (1, 'list1', 'title-1', 'description-1', 'news1@lists.example', 'news1@lists.example', 'news1@lists.example', 'postal_address-1', 'en', 'public', 0, 'approve', 0, 101, 101, 'relay-1', null, 'UTC', 'layout-1', 'colour-1', 'logo-1', 'footer-1', 0);
insert into list (id, name, title, description, from_address, owner, reply_to, postal_address, language, archive, listed, post_by_mail, require_postal_address, created_at, closed_at, relay, hours, timezone, layout, colour, logo, footer, leaving_note) values (2, 'list2', 'title-2', 'description-2', 'news2@lists.example', null, null, 'postal_address-2', 'en', 'members', 1, 'direct', 1, 102, 102, null, null, 'UTC', 'layout-2', null, null, 'footer-2', 1);
insert into list_logo (list_id, name, media_type, content, width, height) values (1, 'name-1', 'media_type-1', x'0101010101010101010101010101010101010101010101010101010101010101', 101, 101);
insert into list_logo (list_id, name, media_type, content, width, height) values (2, 'name-2', 'media_type-2', x'0202020202020202020202020202020202020202020202020202020202020202', 102, 102);
insert into editor (list_id, address, address_key) values (1, 'Reader1+editor@Reader.example', 'reader1+editor@reader.example');
insert into editor (list_id, address, address_key) values (2, 'Reader2+editor@Reader.example', 'reader2+editor@reader.example');
insert into subscription (id, list_id, subscriber_id, state, state_before, suspended_for, paused_until, source, since, round) values (1, 1, 1, 'pending', 'unsubscribed', 'bounces', 101, 'source-1', 101, 1);
insert into subscription (id, list_id, subscriber_id, state, state_before, suspended_for, paused_until, source, since, round) values (2, 2, 2, 'active', 'unsubscribed', 'paused', 102, 'source-2', 102, 2);
insert into confirmation (id, subscription_id, round, name, language, created_at, expires_at) values (1, 1, 1, 'name-1', 'en', 101, 101);
insert into confirmation (id, subscription_id, round, name, language, created_at, expires_at) values (2, 2, 2, 'name-2', 'en', 102, 102);
insert into errand (id, kind, list_id, address, name, language, ip, words, trust) values (1, 'sign-up', 1, 'Reader1+errand@Reader.example', 'name-1', 'en', 'ip-1', 'words-1', 'worked');
insert into errand (id, kind, list_id, address, name, language, ip, words, trust) values (2, 'preferences', 2, 'Reader2+errand@Reader.example', 'name-2', 'en', null, 'words-2', 'proven');
insert into sign_up_hour (hour, number) values (1, 1);
insert into sign_up_hour (hour, number) values (2, 2);
insert into leaving (id, subscription_id, former, edition_id, left_at, expires_at, language, noted) values (1, 1, '{"state": "active", "suspended_for": null, "paused_until": null, "source": "web", "since": 1, "epoch": 0}', 1, 101, 101, 'en', 0);
insert into leaving (id, subscription_id, former, edition_id, left_at, expires_at, language, noted) values (2, 2, '{"state": "active", "suspended_for": null, "paused_until": null, "source": "web", "since": 1, "epoch": 0}', 2, 102, 102, 'en', 1);
insert into address_change (id, subscriber_id, old_address, new_address, state, former, created_at, expires_at) values (1, 1, 'Reader1+address_change@Reader.example', 'Reader1+address_change@Reader.example', 'asked', '{"state": "active", "suspended_for": null, "paused_until": null, "source": "web", "since": 1, "epoch": 0}', 101, 101);
insert into address_change (id, subscriber_id, old_address, new_address, state, former, created_at, expires_at) values (2, 2, 'Reader2+address_change@Reader.example', 'Reader2+address_change@Reader.example', 'done', '{"state": "active", "suspended_for": null, "paused_until": null, "source": "web", "since": 1, "epoch": 0}', 102, 102);
insert into consent (id, subscriber_id, list_id, event, at, salt, content, content_digest, chain, ip, ip_salt, ip_digest) values (1, 1, 1, 'requested', 5, x'bbf4f7dcac29e0c2e8abd4f1700ec5e6', '{"list":"list1"}', x'026e1808d95a1bf5b4383fadd765396da9dc5905aa4d4ce6d85e83dd71da0d3b', x'bfb151760c107b267c4ece815ed102aa9f5cac34fa2aeac40fb646373b124bd7', '192.0.2.7', x'65668914d0aa152d2c68d025262ce1c2', x'bf67e24d22e8a204ed2acf4f493a9232fe6c38e4ce555aefda86e82d7d0575db');
insert into consent (id, subscriber_id, list_id, event, at, salt, content, content_digest, chain, ip, ip_salt, ip_digest) values (2, 2, 1, 'requested', 5, x'e08790728ab77fcf0add38aa93a1bb02', '{"list":"list1"}', x'24e29c71373fa04ce081140b30497bc977c0f78605727ac7767252ccc8c28aca', x'9253478d0ebfd3850abd025b4dc7c030255c42e9ed5cb2340d62a80d5458d75b', '192.0.2.7', x'd3e54ec27de8408c929039db09c9f3bb', x'09fb0ed35de02058072e1ef594d8b219b2ccca24e1e39f4a30d9e404075c5f61');
insert into suppression (digest, address, reason, since) values (x'0101010101010101010101010101010101010101010101010101010101010101', 'Reader1+suppression@Reader.example', 'hard-bounce', 101);
insert into suppression (digest, address, reason, since) values (x'0202020202020202020202020202020202020202020202020202020202020202', null, 'complaint', 102);
insert into edition (id, list_id, slug, state, subject, title, preheader, language, source_name, source_digest, message_secret, audience, unsubscribed, complaints, canary_percent, canary_copies, pause_reason, braked_at, dated_at, created_at, scheduled_at, started_at, first_claim_at, finished_at) values (1, 1, 's1', 'finished', 'subject-1', 'title-1', 'preheader-1', 'en', 'source_name-1', x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101', 101, 101, 101, 101.5, 101, 'pause_reason-1', 101, 101, 101, 101, 101, 101, 101);
insert into edition (id, list_id, slug, state, subject, title, preheader, language, source_name, source_digest, message_secret, audience, unsubscribed, complaints, canary_percent, canary_copies, pause_reason, braked_at, dated_at, created_at, scheduled_at, started_at, first_claim_at, finished_at) values (2, 2, 's2', 'finished', 'subject-2', 'title-2', 'preheader-2', 'en', 'source_name-2', x'0202020202020202020202020202020202020202020202020202020202020202', x'0202020202020202020202020202020202020202020202020202020202020202', 102, 102, 102, null, 102, null, 102, 102, 102, 102, 102, 102, 102);
insert into edition_tally (edition_id, what, at, number) values (1, 'deferred', 101, 1);
insert into edition_tally (edition_id, what, at, number) values (2, 'unsubscribed', 102, 2);
insert into edition_content (edition_id, source, skeleton, text, html, text_skeleton) values (1, x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101', 'text-1', 'html-1', x'0101010101010101010101010101010101010101010101010101010101010101');
insert into edition_content (edition_id, source, skeleton, text, html, text_skeleton) values (2, x'0202020202020202020202020202020202020202020202020202020202020202', x'0202020202020202020202020202020202020202020202020202020202020202', 'text-2', null, null);
insert into draft (edition_id, findings, expires_at, editors) values (1, '[]', 101, 101);
insert into draft (edition_id, findings, expires_at, editors) values (2, '[]', 102, 102);
insert into draft_editor (edition_id, list_id, address_key) values (1, 1, 'reader1+editor@reader.example');
insert into draft_editor (edition_id, list_id, address_key) values (2, 2, 'reader2+editor@reader.example');
insert into edition_asset (edition_id, number, name, media_type, content) values (1, 1, 'name-1', 'media_type-1', x'0101010101010101010101010101010101010101010101010101010101010101');
insert into edition_asset (edition_id, number, name, media_type, content) values (2, 2, 'name-2', 'media_type-2', x'0202020202020202020202020202020202020202020202020202020202020202');
insert into notice (id, kind, list_id, subscriber_id, address, language, payload, content, message_secret, created_at) values (1, 'kind-1', 1, 1, 'Reader1+notice@Reader.example', 'en', '{"edition": 1}', x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101', 101);
insert into notice (id, kind, list_id, subscriber_id, address, language, payload, content, message_secret, created_at) values (2, 'kind-2', 2, 2, 'Reader2+notice@Reader.example', 'en', '{"edition": 1}', null, x'0202020202020202020202020202020202020202020202020202020202020202', 102);
insert into held_notice (notice_id, domain, expires_at) values (1, 'reader.example', 101);
insert into held_notice (notice_id, domain, expires_at) values (2, 'reader.example', 102);
insert into delivery (id, edition_id, notice_id, subscription_id, domain, state, attempts, due_at, first_attempt_at, settled_at, relay, code, enhanced, reply, kind, bounce, lane) values (1, 1, null, 1, 'reader.example', 'delivered', 101, 101, 101, 101, 'relay-1', 101, 'enhanced-1', 'reply-1', 'hard', 'gone', 'lane-1');
insert into delivery (id, edition_id, notice_id, subscription_id, domain, state, attempts, due_at, first_attempt_at, settled_at, relay, code, enhanced, reply, kind, bounce, lane) values (2, null, 1, null, 'reader.example', 'delivered', 102, 102, 102, 102, null, 102, null, null, 'soft', 'full', 'lane-2');
insert into handover (delivery_id, at, code, enhanced, reply) values (1, 101, 101, 'enhanced-1', 'reply-1');
insert into handover (delivery_id, at, code, enhanced, reply) values (2, 102, 102, null, null);
insert into lane_domain (domain, lane, learned) values ('d1.example', 'lane-1', 0);
insert into lane_domain (domain, lane, learned) values ('d2.example', 'lane-2', 1);
insert into lane (name, state) values ('name-1', '{}');
insert into lane (name, state) values ('name-2', '{}');
insert into suspension (subscriber_id, since, first_edition_id, asked_at, ended_at) values (1, 101, 1, 101, 101);
insert into suspension (subscriber_id, since, first_edition_id, asked_at, ended_at) values (2, 102, 2, 102, 102);
insert into pace (scope, state) values ('scope-1', '{}');
insert into pace (scope, state) values ('scope-2', '{}');
insert into limit_event (scope, subject, at, serial) values ('scope-1', x'0101010101010101010101010101010101010101010101010101010101010101', 101.5, 1);
insert into limit_event (scope, subject, at, serial) values ('scope-2', x'0202020202020202020202020202020202020202020202020202020202020202', 102.5, 2);
insert into inbound_content (id, digest, content) values (1, x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101');
insert into inbound_content (id, digest, content) values (2, x'0202020202020202020202020202020202020202020202020202020202020202', x'0202020202020202020202020202020202020202020202020202020202020202');
insert into inbound (id, digest, content_id, mail_from, recipient, peer, utf8, received_at, state, outcome, settled_at, queue) values (1, x'0101010101010101010101010101010101010101010101010101010101010101', 1, 'news1@lists.example', 'recipient-1', 'peer-1', 0, 101, 'received', 'outcome-1', 101, 'readers');
insert into inbound (id, digest, content_id, mail_from, recipient, peer, utf8, received_at, state, outcome, settled_at, queue) values (2, x'0202020202020202020202020202020202020202020202020202020202020202', 2, 'news2@lists.example', 'recipient-2', 'peer-2', 1, 102, 'done', 'outcome-2', 102, 'bounces');
insert into subscriber (id, address, address_key, domain, suppression_digest, mailbox_digest, name, language, attributes, epoch, created_at, text_only) values (1, 'Reader1@Reader.example', 'reader1@reader.example', 'reader.example', x'882186418be42cb13fc2a4a24f582feb86e8868d90d684034d01190fe2cb770d', null, 'name-1', 'en', '{"city": "Riga"}', 1, 101, 0);
insert into subscriber (id, address, address_key, domain, suppression_digest, mailbox_digest, name, language, attributes, epoch, created_at, text_only) values (2, 'Reader2@Reader.example', 'reader2@reader.example', 'reader.example', x'1b7164672ba54626a4fed29532576e671be519e1d9ef94c76189e923d4f0c0fc', null, 'name-2', 'en', '{"city": "Riga"}', 2, 102, 1);
insert into archive_search (rowid, list, title, text) values (1, 'l1', 'title', 'text');
