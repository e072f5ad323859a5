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
    closed_at integer
) strict;
CREATE TABLE editor (
    list_id integer not null references list on delete cascade,
    address text not null,
    address_key text not null,
    primary key (list_id, address_key)
) strict, without rowid;
CREATE TABLE subscriber (
    id integer primary key autoincrement,
    address text not null,
    address_key text not null unique,
    domain text not null,
    suppression_digest blob not null,
    name text not null default '',
    language text not null default '',
    attributes text not null default '{}',
    epoch integer not null default 0,
    created_at integer not null
) strict;
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
CREATE TABLE consent (
    id integer primary key autoincrement,
    subscriber_id integer,
    list_id integer,
    event text not null,
    at integer not null,
    salt blob,
    content text,
    content_digest blob not null,
    chain blob not null
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
    dated_at integer,
    created_at integer not null,
    scheduled_at integer,
    started_at integer,
    first_claim_at integer,
    finished_at integer,
    unique (list_id, slug)
) strict;
CREATE TABLE edition_content (
    edition_id integer primary key references edition on delete cascade,
    source blob not null,
    skeleton blob not null,
    text text not null,
    html text
) strict;
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
    check ((edition_id is null) <> (notice_id is null))
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
    settled_at integer
) strict;
CREATE INDEX subscription_by_list on subscription (list_id, state, id);
CREATE INDEX subscription_paused on subscription (paused_until) where paused_until is not null;
CREATE INDEX confirmation_by_subscription on confirmation (subscription_id);
CREATE INDEX confirmation_by_end on confirmation (expires_at);
CREATE INDEX consent_by_subscriber on consent (subscriber_id, id);
CREATE INDEX edition_by_digest on edition (list_id, source_digest);
CREATE INDEX edition_live on edition (id) where state in ('scheduled', 'sending');
CREATE INDEX edition_by_state on edition (state);
CREATE INDEX notice_by_subscriber on notice (subscriber_id);
CREATE INDEX notice_by_list on notice (list_id);
CREATE INDEX delivery_queue on delivery (edition_id, state, due_at);
CREATE UNIQUE INDEX delivery_once on delivery (subscription_id, edition_id);
CREATE INDEX delivery_by_notice on delivery (notice_id) where notice_id is not null;
CREATE INDEX limit_event_by_age on limit_event (scope, at);
CREATE INDEX inbound_waiting on inbound (id) where state = 'received';
CREATE INDEX inbound_by_content on inbound (content_id) where content_id is not null;
CREATE INDEX inbound_by_age on inbound (state, settled_at);
-- rows
pragma application_id = 1886545267;
pragma user_version = 2;
insert into keyring (number, fingerprint) values (0, x'0101010101010101010101010101010101010101010101010101010101010101');
insert into keyring (number, fingerprint) values (1, x'0202020202020202020202020202020202020202020202020202020202020202');
insert into list (id, name, title, description, from_address, owner, reply_to, postal_address, language, archive, listed, post_by_mail, require_postal_address, created_at, closed_at) values (1, 'list1', 'title-1', 'description-1', 'news1@lists.example', 'news1@lists.example', 'news1@lists.example', 'postal_address-1', 'en', 'public', 0, 'approve', 0, 101, 101);
insert into list (id, name, title, description, from_address, owner, reply_to, postal_address, language, archive, listed, post_by_mail, require_postal_address, created_at, closed_at) values (2, 'list2', 'title-2', 'description-2', 'news2@lists.example', null, null, 'postal_address-2', 'en', 'members', 1, 'direct', 1, 102, 102);
insert into editor (list_id, address, address_key) values (1, 'Reader1+editor@Reader.example', 'reader1+editor@reader.example');
insert into editor (list_id, address, address_key) values (2, 'Reader2+editor@Reader.example', 'reader2+editor@reader.example');
insert into subscriber (id, address, address_key, domain, suppression_digest, name, language, attributes, epoch, created_at) values (1, 'Reader1@Reader.example', 'reader1@reader.example', 'reader.example', x'882186418be42cb13fc2a4a24f582feb86e8868d90d684034d01190fe2cb770d', 'name-1', 'en', '{"city": "Riga"}', 1, 101);
insert into subscriber (id, address, address_key, domain, suppression_digest, name, language, attributes, epoch, created_at) values (2, 'Reader2@Reader.example', 'reader2@reader.example', 'reader.example', x'1b7164672ba54626a4fed29532576e671be519e1d9ef94c76189e923d4f0c0fc', 'name-2', 'en', '{"city": "Riga"}', 2, 102);
insert into subscription (id, list_id, subscriber_id, state, state_before, suspended_for, paused_until, source, since, round) values (1, 1, 1, 'pending', 'unsubscribed', 'bounces', 101, 'source-1', 101, 1);
insert into subscription (id, list_id, subscriber_id, state, state_before, suspended_for, paused_until, source, since, round) values (2, 2, 2, 'active', 'unsubscribed', 'paused', 102, 'source-2', 102, 2);
insert into confirmation (id, subscription_id, round, name, language, created_at, expires_at) values (1, 1, 1, 'name-1', 'en', 101, 101);
insert into confirmation (id, subscription_id, round, name, language, created_at, expires_at) values (2, 2, 2, 'name-2', 'en', 102, 102);
insert into consent (id, subscriber_id, list_id, event, at, salt, content, content_digest, chain) values (1, 1, 1, 'requested', 5, x'bbf4f7dcac29e0c2e8abd4f1700ec5e6', '{"ip": "192.0.2.7", "list": "list1"}', x'01d7db924979dc8c1c9dee46a1f1fe5d93b2af77fa4176aa055a374c60b0323a', x'f467c5a7cb448a1bf15dd6c1588cf65139d586353a9b003415be540e630584e1');
insert into consent (id, subscriber_id, list_id, event, at, salt, content, content_digest, chain) values (2, 2, 1, 'requested', 5, x'e08790728ab77fcf0add38aa93a1bb02', '{"ip": "192.0.2.7", "list": "list1"}', x'3bc86488374dd3c9d3a6cfed0f24a299fe77206b7b39927bbd5b6a5a9fdc0eab', x'60515bdc1237b1a61685c57a1d33e6d9f05db2c9ac38b8308d3d6d27b1d4fe96');
insert into suppression (digest, address, reason, since) values (x'0101010101010101010101010101010101010101010101010101010101010101', 'Reader1+suppression@Reader.example', 'hard-bounce', 101);
insert into suppression (digest, address, reason, since) values (x'0202020202020202020202020202020202020202020202020202020202020202', null, 'complaint', 102);
insert into edition (id, list_id, slug, state, subject, title, preheader, language, source_name, source_digest, message_secret, audience, unsubscribed, complaints, canary_percent, canary_copies, pause_reason, dated_at, created_at, scheduled_at, started_at, first_claim_at, finished_at) values (1, 1, 's1', 'finished', 'subject-1', 'title-1', 'preheader-1', 'en', 'source_name-1', x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101', 101, 101, 101, 101.5, 101, 'pause_reason-1', 101, 101, 101, 101, 101, 101);
insert into edition (id, list_id, slug, state, subject, title, preheader, language, source_name, source_digest, message_secret, audience, unsubscribed, complaints, canary_percent, canary_copies, pause_reason, dated_at, created_at, scheduled_at, started_at, first_claim_at, finished_at) values (2, 2, 's2', 'finished', 'subject-2', 'title-2', 'preheader-2', 'en', 'source_name-2', x'0202020202020202020202020202020202020202020202020202020202020202', x'0202020202020202020202020202020202020202020202020202020202020202', 102, 102, 102, null, 102, null, 102, 102, 102, 102, 102, 102);
insert into edition_content (edition_id, source, skeleton, text, html) values (1, x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101', 'text-1', 'html-1');
insert into edition_content (edition_id, source, skeleton, text, html) values (2, x'0202020202020202020202020202020202020202020202020202020202020202', x'0202020202020202020202020202020202020202020202020202020202020202', 'text-2', null);
insert into edition_asset (edition_id, number, name, media_type, content) values (1, 1, 'name-1', 'media_type-1', x'0101010101010101010101010101010101010101010101010101010101010101');
insert into edition_asset (edition_id, number, name, media_type, content) values (2, 2, 'name-2', 'media_type-2', x'0202020202020202020202020202020202020202020202020202020202020202');
insert into notice (id, kind, list_id, subscriber_id, address, language, payload, content, message_secret, created_at) values (1, 'kind-1', 1, 1, 'Reader1+notice@Reader.example', 'en', '{"edition": 1}', x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101', 101);
insert into notice (id, kind, list_id, subscriber_id, address, language, payload, content, message_secret, created_at) values (2, 'kind-2', 2, 2, 'Reader2+notice@Reader.example', 'en', '{"edition": 1}', null, x'0202020202020202020202020202020202020202020202020202020202020202', 102);
insert into delivery (id, edition_id, notice_id, subscription_id, domain, state, attempts, due_at, first_attempt_at, settled_at, relay, code, enhanced, reply, kind) values (1, 1, null, 1, 'reader.example', 'delivered', 101, 101, 101, 101, 'relay-1', 101, 'enhanced-1', 'reply-1', 'hard');
insert into delivery (id, edition_id, notice_id, subscription_id, domain, state, attempts, due_at, first_attempt_at, settled_at, relay, code, enhanced, reply, kind) values (2, null, 1, null, 'reader.example', 'delivered', 102, 102, 102, 102, null, 102, null, null, 'soft');
insert into pace (scope, state) values ('scope-1', '{}');
insert into pace (scope, state) values ('scope-2', '{}');
insert into limit_event (scope, subject, at, serial) values ('scope-1', x'0101010101010101010101010101010101010101010101010101010101010101', 101.5, 1);
insert into limit_event (scope, subject, at, serial) values ('scope-2', x'0202020202020202020202020202020202020202020202020202020202020202', 102.5, 2);
insert into inbound_content (id, digest, content) values (1, x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101');
insert into inbound_content (id, digest, content) values (2, x'0202020202020202020202020202020202020202020202020202020202020202', x'0202020202020202020202020202020202020202020202020202020202020202');
insert into inbound (id, digest, content_id, mail_from, recipient, peer, utf8, received_at, state, outcome, settled_at) values (1, x'0101010101010101010101010101010101010101010101010101010101010101', 1, 'news1@lists.example', 'recipient-1', 'peer-1', 0, 101, 'received', 'outcome-1', 101);
insert into inbound (id, digest, content_id, mail_from, recipient, peer, utf8, received_at, state, outcome, settled_at) values (2, x'0202020202020202020202020202020202020202020202020202020202020202', 2, 'news2@lists.example', 'recipient-2', 'peer-2', 1, 102, 'done', 'outcome-2', 102);
