create table keyring (
    number integer primary key,
    fingerprint blob not null,
    retires_at integer
) strict;
create table list (
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
    leaving_note integer not null default 1 check (leaving_note in (0, 1)),
    front text not null default 'full' check (front in ('full', 'teaser')),
    cadence text not null default '',
    ask_name integer not null default 0 check (ask_name in (0, 1)),
    typeface text not null default 'sans' check (typeface in ('sans', 'serif', 'mono')),
    family text
) strict;
create unique index list_by_family on list (family, lower(language)) where family is not null;
create table list_logo (
    list_id integer primary key references list on delete cascade,
    name text not null,
    media_type text not null,
    content blob not null,
    width integer not null,
    height integer not null
) strict;
create table editor (
    list_id integer not null references list on delete cascade,
    address text not null,
    address_key text not null,
    primary key (list_id, address_key)
) strict, without rowid;
create table subscriber (
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
create index subscriber_by_digest on subscriber (substr(suppression_digest, 1, 4));
create index subscriber_by_mailbox on subscriber (mailbox_digest) where mailbox_digest is not null;
create index subscriber_by_domain on subscriber (domain, id);
create table subscription (
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
    moved_to integer,
    unique (subscriber_id, list_id)
) strict;
create index subscription_by_list on subscription (list_id, state, id);
create index subscription_paused on subscription (paused_until) where paused_until is not null;
create table removed_subscription (
    id integer primary key,
    moved_to integer not null references subscription on delete cascade
) strict;
create index removed_subscription_by_target on removed_subscription (moved_to);
create table redirect (
    digest text not null,
    kind text not null check (kind in ('page', 'leaving-page', 'archive', 'campaign', 'person', 'post', 'subscribe', 'unsubscribe', 'request', 'owner', 'commands', 'origin')),
    subscription_id integer not null default 0,
    list_id integer references list on delete set null,
    primary key (digest, kind, subscription_id)
) strict, without rowid;
create index redirect_by_list on redirect (list_id) where list_id is not null;
create table confirmation (
    id integer primary key autoincrement,
    subscription_id integer not null references subscription on delete cascade,
    round integer not null,
    name text not null default '',
    language text not null default '',
    created_at integer not null,
    expires_at integer not null,
    leader_id integer
) strict;
create index confirmation_by_leader on confirmation (leader_id) where leader_id is not null;
create index confirmation_by_subscription on confirmation (subscription_id);
create index confirmation_by_end on confirmation (expires_at);
create table errand (
    id integer primary key autoincrement,
    kind text not null check (kind in ('sign-up', 'preferences', 'unsubscribe')),
    list_id integer references list on delete cascade,
    address text not null,
    name text not null default '',
    language text not null default '',
    ip text,
    words text not null default '',
    trust text not null check (trust in ('worked', 'proven', 'unproven', 'trap')),
    set_aside_at integer,
    also text not null default '[]',
    words_language text not null default ''
) strict;
create index errand_by_list on errand (list_id) where list_id is not null;
create table sign_up_hour (
    hour integer primary key,
    number integer not null
) strict;
create table leaving (
    id integer primary key autoincrement,
    subscription_id integer not null references subscription on delete cascade,
    former text not null,
    edition_id integer,
    left_at integer not null,
    expires_at integer not null,
    language text not null default '',
    noted integer not null default 0 check (noted in (0, 1)),
    has_said_why integer not null default 0 check (has_said_why in (0, 1))
) strict;
create index leaving_by_subscription on leaving (subscription_id);
create index leaving_by_end on leaving (expires_at);
create index leaving_to_note on leaving (id) where noted = 0;
create table leaving_reason (
    list_id integer not null references list on delete cascade,
    month text not null,
    reason text not null check (reason in ('too-many', 'not-expected', 'never-signed-up', 'other')),
    number integer not null,
    primary key (list_id, month, reason)
) strict, without rowid;
create table address_change (
    id integer primary key autoincrement,
    subscriber_id integer not null references subscriber on delete cascade,
    old_address text not null,
    new_address text not null,
    state text not null check (state in ('asked', 'done', 'undone')),
    former text not null default '{}',
    created_at integer not null,
    expires_at integer not null
) strict;
create index address_change_by_subscriber on address_change (subscriber_id);
create index address_change_by_end on address_change (expires_at);
create table consent (
    id integer primary key,
    number integer not null unique,
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
create index consent_by_subscriber on consent (subscriber_id, number);
create index consent_with_ip on consent (at, number) where ip is not null;
create table consent_head (
    id integer primary key check (id = 1),
    number integer not null,
    chain blob not null
) strict;
create trigger consent_is_appended before insert on consent
when new.number is not coalesce((select number from consent_head), 0) + 1
    or exists (select 1 from consent where id = new.id)
begin
    select raise(abort, 'consent is append-only: a row follows the last one');
end;
create trigger consent_moves_on after insert on consent
begin
    insert into consent_head (id, number, chain) values (1, new.number, new.chain)
    on conflict (id) do update set number = excluded.number, chain = excluded.chain;
end;
create trigger consent_is_kept before delete on consent
begin
    select raise(abort, 'consent is append-only: no row goes');
end;
create trigger consent_stays before update on consent
when new.id is not old.id or new.number is not old.number or new.list_id is not old.list_id
    or new.event is not old.event or new.at is not old.at
    or new.content_digest is not old.content_digest or new.ip_digest is not old.ip_digest or new.chain is not old.chain
    or (new.subscriber_id is not old.subscriber_id and new.subscriber_id is not null)
    or (new.salt is not old.salt and new.salt is not null)
    or (new.content is not old.content and new.content is not null)
    or (new.ip is not old.ip and new.ip is not null)
    or (new.ip_salt is not old.ip_salt and new.ip_salt is not null)
begin
    select raise(abort, 'consent is append-only: what a row says can be erased, never changed');
end;
create table audit (
    id integer primary key,
    number integer not null unique,
    at integer not null,
    who text not null,
    uid integer,
    claimed text,
    way text not null,
    action text not null,
    list text,
    object text,
    fields text not null,
    outcome text not null,
    code integer,
    subscriber_id integer,
    salt blob,
    content text,
    content_digest blob not null,
    chain blob not null
) strict;
create index audit_by_subscriber on audit (subscriber_id) where subscriber_id is not null;
create index audit_by_action on audit (action, number);
create table audit_head (
    id integer primary key check (id = 1),
    number integer not null,
    chain blob not null
) strict;
create trigger audit_is_appended before insert on audit
when new.number is not coalesce((select number from audit_head), 0) + 1
    or exists (select 1 from audit where id = new.id)
begin
    select raise(abort, 'audit is append-only: a row follows the last one');
end;
create trigger audit_moves_on after insert on audit
begin
    insert into audit_head (id, number, chain) values (1, new.number, new.chain)
    on conflict (id) do update set number = excluded.number, chain = excluded.chain;
end;
create trigger audit_is_kept before delete on audit
begin
    select raise(abort, 'audit is append-only: no row goes');
end;
create trigger audit_stays before update on audit
when new.id is not old.id or new.number is not old.number or new.at is not old.at
    or new.who is not old.who or new.uid is not old.uid or new.claimed is not old.claimed or new.way is not old.way
    or new.action is not old.action or new.list is not old.list or new.object is not old.object
    or new.fields is not old.fields or new.outcome is not old.outcome or new.code is not old.code
    or new.content_digest is not old.content_digest or new.chain is not old.chain
    or (new.subscriber_id is not old.subscriber_id and new.subscriber_id is not null)
    or (new.salt is not old.salt and new.salt is not null)
    or (new.content is not old.content and new.content is not null)
begin
    select raise(abort, 'audit is append-only: whom a row is about can be erased, and nothing changed');
end;
create table suppression (
    digest blob primary key,
    address text,
    reason text not null check (reason in ('hard-bounce', 'complaint', 'erased', 'never-again', 'operator')),
    since integer not null
) strict, without rowid;
create view recipient as
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
create table edition (
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
    issue text,
    is_welcome integer not null default 0 check (is_welcome in (0, 1)),
    is_repeat integer not null default 0 check (is_repeat in (0, 1)),
    copies_removed_at integer,
    may_have_gone integer,
    unique (list_id, slug)
) strict;
create index edition_by_issue on edition (issue, list_id) where issue is not null;
create index edition_by_digest on edition (list_id, source_digest);
create unique index edition_once on edition (list_id, source_digest)
where is_repeat = 0 and is_welcome = 0 and state <> 'cancelled';
create index edition_live on edition (id) where state in ('scheduled', 'sending');
create index edition_by_state on edition (state);
create table id_counter (
    name text primary key,
    last_id integer not null
) strict, without rowid;

create table edition_tally (
    edition_id integer not null references edition on delete cascade,
    what text not null check (what in ('deferred', 'unsubscribed', 'complained')),
    at integer not null,
    number integer not null,
    primary key (edition_id, what, at)
) strict, without rowid;
create table edition_content (
    edition_id integer primary key references edition on delete cascade,
    source blob not null,
    skeleton blob not null,
    text text not null,
    html text,
    text_skeleton blob
) strict;
create table welcome (
    list_id integer primary key references list on delete cascade,
    edition_id integer not null references edition on delete cascade
) strict;
create index welcome_by_edition on welcome (edition_id);
create view archived_edition as
select edition.*, coalesce(dated_at, first_claim_at) as published_at
from edition
where first_claim_at is not null and state <> 'cancelled' and (canary_copies is null or state = 'finished');
create index edition_archive on edition (list_id, coalesce(dated_at, first_claim_at), id)
where first_claim_at is not null and state <> 'cancelled' and (canary_copies is null or state = 'finished');
create virtual table archive_search using fts5(
    list,
    title,
    words,
    shown unindexed,
    prefix = '1 2 3',
    tokenize = 'ascii');

create table draft (
    edition_id integer primary key references edition on delete cascade,
    findings text not null,
    expires_at integer not null,
    editors integer not null default 0,
    written_at integer not null default 0,
    mail_id integer not null default 0,
    is_proven integer not null default 0 check (is_proven in (0, 1)),
    replaced_by integer references edition on delete set null
) strict;
create index draft_by_replacement on draft (replaced_by) where replaced_by is not null;
create table draft_editor (
    edition_id integer not null references draft on delete cascade,
    list_id integer not null,
    address_key text not null,
    primary key (edition_id, address_key),
    foreign key (list_id, address_key) references editor on delete cascade
) strict, without rowid;
create index draft_editor_by_editor on draft_editor (list_id, address_key);
create table edition_asset (
    edition_id integer not null references edition on delete cascade,
    number integer not null,
    name text not null,
    media_type text not null,
    content blob not null,
    primary key (edition_id, number)
) strict;
create table notice (
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
create index notice_by_subscriber on notice (subscriber_id);
create index notice_by_list on notice (list_id);
create index notice_forwarded on notice (id) where kind = 'forward' and content is not null;
create table held_notice (
    notice_id integer primary key references notice on delete cascade,
    domain text not null,
    expires_at integer not null
) strict;
create index held_notice_by_end on held_notice (expires_at);
create table session (
    id integer primary key autoincrement,
    host text not null,
    pid integer not null,
    lock text not null,
    started_at integer not null,
    heartbeat_at real not null,
    version text not null,
    config text not null,
    keys text not null,
    state text not null check (state in ('live', 'gone'))
) strict;
create unique index session_live on session (state) where state = 'live';
create table delivery (
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
    claimed_by integer check (claimed_by is null or state = 'claimed'),
    check ((edition_id is null) <> (notice_id is null))
) strict;
create index delivery_queue on delivery (edition_id, state, lane, due_at);
create unique index delivery_once on delivery (subscription_id, edition_id);
create index delivery_bounced on delivery (subscription_id) where bounce is not null;
create index delivery_by_notice on delivery (notice_id) where notice_id is not null;
create table bulk_change (
    id integer primary key autoincrement,
    kind text not null check (kind in ('audience', 'cancel')),
    edition_id integer not null references edition on delete cascade,
    asked_at integer not null,
    done_through integer not null,
    last_id integer not null
) strict;
create index bulk_change_by_edition on bulk_change (edition_id);
create table copy_count (
    edition_id integer primary key references edition on delete cascade,
    queued integer not null default 0,
    claimed integer not null default 0,
    deferred integer not null default 0,
    delivered integer not null default 0,
    failed integer not null default 0,
    cancelled integer not null default 0,
    refused integer not null default 0,
    begun integer not null default 0
) strict;
create table copy_outcome (
    edition_id integer not null references edition on delete cascade,
    lane text not null,
    state text not null check (state in ('delivered', 'failed', 'cancelled')),
    kind text not null,
    bounce text not null,
    code integer not null,
    enhanced text not null,
    at integer not null,
    number integer not null,
    primary key (edition_id, lane, state, kind, bounce, code, enhanced, at)
) strict, without rowid;
create view had_issue as
select mine.id as edition_id, me.id as subscription_id
from edition as mine not indexed
cross join list as ours not indexed
cross join edition as other indexed by edition_by_issue
cross join list as theirs not indexed
cross join subscription as me not indexed
cross join subscription as former
cross join delivery as copy
where ours.id = mine.list_id and other.issue = mine.issue and other.id <> mine.id
    and theirs.id = other.list_id and theirs.family = ours.family
    and former.subscriber_id = me.subscriber_id
    and (former.id = me.id or (former.state in ('unsubscribed', 'pending') and former.moved_to is not null))
    and copy.subscription_id = former.id and copy.edition_id = other.id
    and (copy.state in ('claimed', 'delivered') or (copy.state in ('queued', 'deferred') and other.state <> 'cancelled'));
create table handover (
    delivery_id integer primary key references delivery on delete cascade,
    at integer,
    code integer,
    enhanced text,
    reply text
) strict;
create table lane_domain (
    domain text primary key,
    lane text not null,
    learned integer not null check (learned in (0, 1))
) strict, without rowid;
create table lane (
    name text primary key,
    state text not null
) strict, without rowid;
create table suspension (
    subscriber_id integer primary key references subscriber on delete cascade,
    since integer not null,
    first_edition_id integer not null,
    asked_at integer,
    ended_at integer
) strict;
create index suspension_to_ask on suspension (since) where asked_at is null and ended_at is null;
create table pace (
    scope text primary key,
    state text not null
) strict, without rowid;
create table limit_event (
    scope text not null,
    subject blob not null,
    at real not null,
    serial integer not null,
    primary key (scope, subject, at, serial)
) strict, without rowid;
create index limit_event_by_age on limit_event (scope, at);
create table inbound_content (
    id integer primary key autoincrement,
    digest blob not null unique,
    content blob not null
) strict;
create table inbound (
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
create index inbound_waiting on inbound (queue, id) where state = 'received';
create index inbound_failed on inbound (recipient) where state = 'failed';
create index inbound_by_content on inbound (content_id) where content_id is not null;
create index inbound_by_age on inbound (state, settled_at);
-- rows
pragma application_id = 1886545267;
pragma user_version = 43;
insert into keyring (number, fingerprint, retires_at) values (0, x'0101010101010101010101010101010101010101010101010101010101010101', null);
insert into keyring (number, fingerprint, retires_at) values (1, x'0202020202020202020202020202020202020202020202020202020202020202', 3);
insert into list (id, name, title, description, from_address, owner, reply_to, postal_address, language, archive, listed, post_by_mail, require_postal_address, created_at, closed_at, relay, hours, timezone, layout, colour, logo, footer, leaving_note, front, cadence, ask_name, typeface, family) values (1, 'list1', 'title-1', 'description-1', 'news1@lists.example', 'news1@lists.example', 'news1@lists.example', 'postal_address-1', 'en', 'public', 0, 'approve', 0, 101, 101, 'relay-1', null, 'UTC', 'layout-1', 'colour-1', 'logo-1', 'footer-1', 0, 'full', 'cadence-1', 0, 'sans', null);
insert into list (id, name, title, description, from_address, owner, reply_to, postal_address, language, archive, listed, post_by_mail, require_postal_address, created_at, closed_at, relay, hours, timezone, layout, colour, logo, footer, leaving_note, front, cadence, ask_name, typeface, family) values (2, 'list2', 'title-2', 'description-2', 'news2@lists.example', null, null, 'postal_address-2', 'en', 'members', 1, 'direct', 1, 102, 102, null, null, 'UTC', 'layout-2', null, null, 'footer-2', 1, 'teaser', 'cadence-2', 1, 'serif', null);
insert into list_logo (list_id, name, media_type, content, width, height) values (1, 'name-1', 'media_type-1', x'0101010101010101010101010101010101010101010101010101010101010101', 101, 101);
insert into list_logo (list_id, name, media_type, content, width, height) values (2, 'name-2', 'media_type-2', x'0202020202020202020202020202020202020202020202020202020202020202', 102, 102);
insert into editor (list_id, address, address_key) values (1, 'Reader1+editor@Reader.example', 'reader1+editor@reader.example');
insert into editor (list_id, address, address_key) values (2, 'Reader2+editor@Reader.example', 'reader2+editor@reader.example');
insert into subscriber (id, address, address_key, domain, suppression_digest, mailbox_digest, name, language, attributes, epoch, created_at, text_only) values (1, 'Reader1@Reader.example', 'reader1@reader.example', 'reader.example', x'882186418be42cb13fc2a4a24f582feb86e8868d90d684034d01190fe2cb770d', null, 'name-1', 'en', '{"city": "Riga"}', 1, 101, 0);
insert into subscriber (id, address, address_key, domain, suppression_digest, mailbox_digest, name, language, attributes, epoch, created_at, text_only) values (2, 'Reader2@Reader.example', 'reader2@reader.example', 'reader.example', x'1b7164672ba54626a4fed29532576e671be519e1d9ef94c76189e923d4f0c0fc', null, 'name-2', 'en', '{"city": "Riga"}', 2, 102, 1);
insert into subscription (id, list_id, subscriber_id, state, state_before, suspended_for, paused_until, source, since, round, moved_to) values (1, 1, 1, 'pending', 'unsubscribed', 'bounces', 101, 'source-1', 101, 1, 101);
insert into subscription (id, list_id, subscriber_id, state, state_before, suspended_for, paused_until, source, since, round, moved_to) values (2, 2, 2, 'active', 'unsubscribed', 'paused', 102, 'source-2', 102, 2, 102);
insert into removed_subscription (id, moved_to) values (1, 1);
insert into removed_subscription (id, moved_to) values (2, 2);
insert into redirect (digest, kind, subscription_id, list_id) values ('digest-1', 'page', 1, 1);
insert into redirect (digest, kind, subscription_id, list_id) values ('digest-2', 'leaving-page', 2, 2);
insert into confirmation (id, subscription_id, round, name, language, created_at, expires_at, leader_id) values (1, 1, 1, 'name-1', 'en', 101, 101, 1);
insert into confirmation (id, subscription_id, round, name, language, created_at, expires_at, leader_id) values (2, 2, 2, 'name-2', 'en', 102, 102, 2);
insert into errand (id, kind, list_id, address, name, language, ip, words, trust, set_aside_at, also, words_language) values (1, 'sign-up', 1, 'Reader1+errand@Reader.example', 'name-1', 'en', 'ip-1', 'words-1', 'worked', 101, '[]', 'words_language-1');
insert into errand (id, kind, list_id, address, name, language, ip, words, trust, set_aside_at, also, words_language) values (2, 'preferences', 2, 'Reader2+errand@Reader.example', 'name-2', 'en', null, 'words-2', 'proven', 102, '[]', 'words_language-2');
insert into sign_up_hour (hour, number) values (1, 1);
insert into sign_up_hour (hour, number) values (2, 2);
insert into leaving (id, subscription_id, former, edition_id, left_at, expires_at, language, noted, has_said_why) values (1, 1, '{"state": "active", "suspended_for": null, "paused_until": null, "source": "web", "since": 1, "epoch": 0}', 1, 101, 101, 'en', 0, 0);
insert into leaving (id, subscription_id, former, edition_id, left_at, expires_at, language, noted, has_said_why) values (2, 2, '{"state": "active", "suspended_for": null, "paused_until": null, "source": "web", "since": 1, "epoch": 0}', 2, 102, 102, 'en', 1, 1);
insert into leaving_reason (list_id, month, reason, number) values (1, '2026-11', 'too-many', 1);
insert into leaving_reason (list_id, month, reason, number) values (2, '2026-11', 'not-expected', 2);
insert into address_change (id, subscriber_id, old_address, new_address, state, former, created_at, expires_at) values (1, 1, 'Reader1+address_change@Reader.example', 'Reader1+address_change@Reader.example', 'asked', '{"state": "active", "suspended_for": null, "paused_until": null, "source": "web", "since": 1, "epoch": 0}', 101, 101);
insert into address_change (id, subscriber_id, old_address, new_address, state, former, created_at, expires_at) values (2, 2, 'Reader2+address_change@Reader.example', 'Reader2+address_change@Reader.example', 'done', '{"state": "active", "suspended_for": null, "paused_until": null, "source": "web", "since": 1, "epoch": 0}', 102, 102);
insert into consent (id, number, subscriber_id, list_id, event, at, salt, content, content_digest, chain, ip, ip_salt, ip_digest) values (1, 1, 1, 1, 'requested', 5, x'bbf4f7dcac29e0c2e8abd4f1700ec5e6', '{"list":"list1"}', x'026e1808d95a1bf5b4383fadd765396da9dc5905aa4d4ce6d85e83dd71da0d3b', x'bfb151760c107b267c4ece815ed102aa9f5cac34fa2aeac40fb646373b124bd7', '192.0.2.7', x'65668914d0aa152d2c68d025262ce1c2', x'bf67e24d22e8a204ed2acf4f493a9232fe6c38e4ce555aefda86e82d7d0575db');
insert into consent (id, number, subscriber_id, list_id, event, at, salt, content, content_digest, chain, ip, ip_salt, ip_digest) values (2, 2, 2, 1, 'requested', 5, x'e08790728ab77fcf0add38aa93a1bb02', '{"list":"list1"}', x'24e29c71373fa04ce081140b30497bc977c0f78605727ac7767252ccc8c28aca', x'9253478d0ebfd3850abd025b4dc7c030255c42e9ed5cb2340d62a80d5458d75b', '192.0.2.7', x'd3e54ec27de8408c929039db09c9f3bb', x'09fb0ed35de02058072e1ef594d8b219b2ccca24e1e39f4a30d9e404075c5f61');
insert into audit (id, number, at, who, uid, claimed, way, action, list, object, fields, outcome, code, subscriber_id, salt, content, content_digest, chain) values (1, 1, 1, 'ina', 1000, 'paul', 'shell', 'list.set', 'news', 'edition 1', '["title"]', 'refused', 1, null, null, null, x'abf5398f6977a4d7c08a806b3e4efbf6e39d007c681f5a171fb041787bc2dc48', x'47920ca0bf25b0af26059bc3cb9b5d5e0abb80e7fc42abb5b7edfbba12774adb');
insert into audit (id, number, at, who, uid, claimed, way, action, list, object, fields, outcome, code, subscriber_id, salt, content, content_digest, chain) values (2, 2, 1, 'ina', 1000, 'paul', 'shell', 'list.set', 'news', 'edition 1', '["title"]', 'refused', 1, null, x'8ba8f83718aa8f3bd1f65e8144e61d9a', '{"address":"a96089bca71f3d1a"}', x'e27c82461fcccde506e3625587107e49cd77d476081ad08caabe0f817da70629', x'03d91261ad023d3e221ad28537a50e350309f58fd42e2b24e78c744c2aed98b9');
insert into audit (id, number, at, who, uid, claimed, way, action, list, object, fields, outcome, code, subscriber_id, salt, content, content_digest, chain) values (3, 3, 1, 'ina', 1000, 'paul', 'shell', 'list.set', 'news', 'edition 1', '["title"]', 'refused', 1, 1, x'b30fcb06a6c1ad8f2906e732b10f4db7', '{}', x'f8a1a83ceae79c616854bfea3faddc6c9cfdd084e2a7255f0f131e45dd382981', x'ec2e34229e9a0d523344785e4ebbaa26533885bd2bc0bfb5f3f79fd3a9e53cb8');
insert into audit (id, number, at, who, uid, claimed, way, action, list, object, fields, outcome, code, subscriber_id, salt, content, content_digest, chain) values (4, 4, 2, '', null, null, '', 'erased', null, null, '[]', 'done', null, null, x'00000000000000000000000000000000', '{"rows": [[1, 1]]}', x'103b85c5ea874aa52dd28baafd355025bbfd000e654dcbd1c40f9414f12f90e7', x'6405de26a5271d1d9076f233a80c0bd1669ce61e5a9ef1db47ee345018f1bb49');
insert into suppression (digest, address, reason, since) values (x'0101010101010101010101010101010101010101010101010101010101010101', 'Reader1+suppression@Reader.example', 'hard-bounce', 101);
insert into suppression (digest, address, reason, since) values (x'0202020202020202020202020202020202020202020202020202020202020202', null, 'complaint', 102);
insert into edition (id, list_id, slug, state, subject, title, preheader, language, source_name, source_digest, message_secret, audience, unsubscribed, complaints, canary_percent, canary_copies, pause_reason, braked_at, dated_at, created_at, scheduled_at, started_at, first_claim_at, finished_at, issue, is_welcome, is_repeat, copies_removed_at, may_have_gone) values (1, 1, 's1', 'finished', 'subject-1', 'title-1', 'preheader-1', 'en', 'source_name-1', x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101', 101, 101, 101, 101.5, 101, 'pause_reason-1', 101, 101, 101, 101, 101, 101, 101, 'issue-1', 0, 0, null, null);
insert into edition (id, list_id, slug, state, subject, title, preheader, language, source_name, source_digest, message_secret, audience, unsubscribed, complaints, canary_percent, canary_copies, pause_reason, braked_at, dated_at, created_at, scheduled_at, started_at, first_claim_at, finished_at, issue, is_welcome, is_repeat, copies_removed_at, may_have_gone) values (2, 2, 's2', 'finished', 'subject-2', 'title-2', 'preheader-2', 'en', 'source_name-2', x'0202020202020202020202020202020202020202020202020202020202020202', x'0202020202020202020202020202020202020202020202020202020202020202', 102, 102, 102, null, 102, null, 102, 102, 102, 102, 102, 102, 102, null, 1, 1, null, null);
insert into id_counter (name, last_id) values ('edition', 2);
insert into edition_tally (edition_id, what, at, number) values (1, 'deferred', 101, 1);
insert into edition_tally (edition_id, what, at, number) values (2, 'unsubscribed', 102, 2);
insert into edition_content (edition_id, source, skeleton, text, html, text_skeleton) values (1, x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101', 'text-1', 'html-1', x'0101010101010101010101010101010101010101010101010101010101010101');
insert into edition_content (edition_id, source, skeleton, text, html, text_skeleton) values (2, x'0202020202020202020202020202020202020202020202020202020202020202', x'0202020202020202020202020202020202020202020202020202020202020202', 'text-2', null, null);
insert into welcome (list_id, edition_id) values (1, 1);
insert into welcome (list_id, edition_id) values (2, 2);
insert into draft (edition_id, findings, expires_at, editors, written_at, mail_id, is_proven, replaced_by) values (1, '[]', 101, 101, 101, 1, 0, 1);
insert into draft (edition_id, findings, expires_at, editors, written_at, mail_id, is_proven, replaced_by) values (2, '[]', 102, 102, 102, 2, 1, 2);
insert into draft_editor (edition_id, list_id, address_key) values (1, 1, 'reader1+editor@reader.example');
insert into draft_editor (edition_id, list_id, address_key) values (2, 2, 'reader2+editor@reader.example');
insert into edition_asset (edition_id, number, name, media_type, content) values (1, 1, 'name-1', 'media_type-1', x'0101010101010101010101010101010101010101010101010101010101010101');
insert into edition_asset (edition_id, number, name, media_type, content) values (2, 2, 'name-2', 'media_type-2', x'0202020202020202020202020202020202020202020202020202020202020202');
insert into notice (id, kind, list_id, subscriber_id, address, language, payload, content, message_secret, created_at) values (1, 'kind-1', 1, 1, 'Reader1+notice@Reader.example', 'en', '{"edition": 1}', x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101', 101);
insert into notice (id, kind, list_id, subscriber_id, address, language, payload, content, message_secret, created_at) values (2, 'kind-2', 2, 2, 'Reader2+notice@Reader.example', 'en', '{"edition": 1}', null, x'0202020202020202020202020202020202020202020202020202020202020202', 102);
insert into held_notice (notice_id, domain, expires_at) values (1, 'reader.example', 101);
insert into held_notice (notice_id, domain, expires_at) values (2, 'reader.example', 102);
insert into session (id, host, pid, lock, started_at, heartbeat_at, version, config, keys, state) values (1, 'host-1', 101, 'lock-1', 101, 101.5, 'version-1', '{}', '{}', 'gone');
insert into session (id, host, pid, lock, started_at, heartbeat_at, version, config, keys, state) values (2, 'host-2', 102, 'lock-2', 102, 102.5, 'version-2', '{}', '{}', 'gone');
insert into delivery (id, edition_id, notice_id, subscription_id, domain, state, attempts, due_at, first_attempt_at, settled_at, relay, code, enhanced, reply, kind, bounce, lane, claimed_by) values (1, 1, null, 1, 'reader.example', 'delivered', 101, 101, 101, 101, 'relay-1', 101, 'enhanced-1', 'reply-1', 'hard', 'gone', 'lane-1', null);
insert into delivery (id, edition_id, notice_id, subscription_id, domain, state, attempts, due_at, first_attempt_at, settled_at, relay, code, enhanced, reply, kind, bounce, lane, claimed_by) values (2, null, 1, null, 'reader.example', 'delivered', 102, 102, 102, 102, null, 102, null, null, 'soft', 'full', 'lane-2', null);
insert into bulk_change (id, kind, edition_id, asked_at, done_through, last_id) values (1, 'audience', 1, 101, 101, 1);
insert into bulk_change (id, kind, edition_id, asked_at, done_through, last_id) values (2, 'cancel', 2, 102, 102, 2);
insert into copy_count (edition_id, queued, claimed, deferred, delivered, failed, cancelled, refused, begun) values (1, 101, 101, 101, 101, 101, 101, 101, 101);
insert into copy_count (edition_id, queued, claimed, deferred, delivered, failed, cancelled, refused, begun) values (2, 102, 102, 102, 102, 102, 102, 102, 102);
insert into copy_outcome (edition_id, lane, state, kind, bounce, code, enhanced, at, number) values (1, 'a🙂􏿿?ß‮ẞ''''a', 'cancelled', 'é日本
', '日本', 2888877641057734564, '🙂‮', 4732068826899044467, 7679527005641514898);
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
insert into archive_search (rowid, list, title, words, shown) values (1, 'l1', 'title', 'words', 'shown');
