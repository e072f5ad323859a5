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
    family text,
    approval text not null default 'none' check (approval in ('none', 'second-person'))
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
create table person (
    id integer primary key autoincrement,
    name text not null unique,
    address text,
    address_key text unique,
    is_operator integer not null default 0 check (is_operator in (0, 1)),
    created_at integer not null,
    enrolled_at integer,
    epoch integer not null default 0
) strict;
create table permission (
    list_id integer not null references list on delete cascade,
    person_id integer not null references person on delete cascade,
    role text not null check (role in ('viewer', 'editor', 'publisher')),
    readers text not null default 'none' check (readers in ('none', 'see', 'manage', 'export')),
    primary key (list_id, person_id)
) strict, without rowid;
create index permission_by_person on permission (person_id);
create table identity (
    issuer text not null,
    subject text not null,
    person_id integer not null references person on delete cascade,
    primary key (issuer, subject)
) strict, without rowid;
create index identity_by_person on identity (person_id);
create table enter_link (
    id integer primary key autoincrement,
    person_id integer not null references person on delete cascade,
    kind text not null check (kind in ('invitation', 'enter')),
    created_at integer not null,
    expires_at integer not null
) strict;
create index enter_link_by_person on enter_link (person_id);
create index enter_link_by_end on enter_link (expires_at);
create table api_token (
    id integer primary key autoincrement,
    name text not null unique,
    digest blob not null unique,
    scope text not null check (scope in ('read', 'write', 'sign-up', 'draft', 'stats', 'returns')),
    is_everywhere integer not null check (is_everywhere in (0, 1)),
    networks text not null default '[]',
    person_id integer references person on delete cascade,
    created_at integer not null,
    expires_at integer,
    used_at integer,
    origin_id integer
) strict;
create index api_token_by_person on api_token (person_id) where person_id is not null;
create table token_list (
    token_id integer not null references api_token on delete cascade,
    list_id integer not null references list on delete cascade,
    primary key (token_id, list_id)
) strict, without rowid;
create index token_list_by_list on token_list (list_id);
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
create index subscription_by_target on subscription (moved_to) where moved_to is not null;
create table removed_subscription (
    id integer primary key,
    moved_to integer not null references subscription on delete cascade
) strict;
create index removed_subscription_by_target on removed_subscription (moved_to);
create table former_reader (
    subscription_id integer primary key,
    subscriber_id integer not null references subscriber on delete cascade,
    paused_until integer,
    removed_at integer not null
) strict;
create index former_reader_by_subscriber on former_reader (subscriber_id);
create index former_reader_by_age on former_reader (removed_at);
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
    leader_id integer,
    attributes text not null default '{}'
) strict;
create index confirmation_by_leader on confirmation (leader_id) where leader_id is not null;
create index confirmation_by_subscription on confirmation (subscription_id);
create index confirmation_by_end on confirmation (expires_at);
create table pending_request (
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
    words_language text not null default '',
    source text not null default 'web',
    attributes text not null default '{}',
    url text not null default '',
    given_at integer
) strict;
create index pending_request_by_list on pending_request (list_id) where list_id is not null;
create table sign_up_hour (
    hour integer primary key,
    number integer not null
) strict;
create table unsubscribe (
    id integer primary key autoincrement,
    subscription_id integer not null references subscription on delete cascade,
    former text not null,
    edition_id integer,
    left_at integer not null,
    expires_at integer not null,
    language text not null default '',
    notice_queued integer not null default 0 check (notice_queued in (0, 1)),
    has_given_reason integer not null default 0 check (has_given_reason in (0, 1))
) strict;
create index unsubscribe_by_subscription on unsubscribe (subscription_id);
create index unsubscribe_by_end on unsubscribe (expires_at);
create index unsubscribe_to_notify on unsubscribe (id) where notice_queued = 0;
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
create table event (
    id integer primary key autoincrement,
    at integer not null,
    type text not null,
    list_id integer,
    subscriber_id integer,
    edition_id integer,
    actor text not null,
    how text not null,
    object text
) strict;
create table idempotency_key (
    caller text not null,
    digest blob not null,
    request blob not null,
    object text,
    subscriber_id integer,
    at integer not null,
    has_created integer not null default 0 check (has_created in (0, 1)),
    primary key (caller, digest)
) strict, without rowid;
create index idempotency_key_by_age on idempotency_key (at);
create table job (
    id integer primary key autoincrement,
    kind text not null check (kind in ('import', 'sync')),
    list_id integer not null references list on delete cascade,
    state text not null check (state in ('queued', 'running', 'ready', 'applying', 'done', 'failed', 'cancelled')),
    source text not null,
    actor text not null,
    media_type text not null,
    file text not null unique,
    requires_confirmation integer not null check (requires_confirmation in (0, 1)),
    is_dry_run integer not null check (is_dry_run in (0, 1)),
    max_unsubscribes text not null default '',
    total integer not null default 0,
    members integer not null default 0,
    position integer not null default 0,
    result text not null default '{}',
    digest blob not null,
    plan blob,
    problem text,
    created_at integer not null,
    expires_at integer not null
) strict;
create index job_by_list on job (list_id);
create index job_live on job (id) where state in ('queued', 'running', 'applying');
create index job_by_end on job (expires_at);
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
    auto_paused_at integer,
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

create table counted_event (
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
    person_id integer not null,
    primary key (edition_id, person_id),
    foreign key (list_id, person_id) references permission on delete cascade
) strict, without rowid;
create index draft_editor_by_editor on draft_editor (list_id, person_id);
create table manuscript (
    edition_id integer primary key references edition on delete cascade,
    number integer not null,
    text_number integer not null,
    first_digest blob not null,
    source_url text,
    submitted_number integer,
    submitted_by text,
    submitted_at integer,
    approved_number integer,
    approved_by text,
    approved_at integer,
    returned_by text,
    returned_at integer,
    words text not null default '',
    approved_digest blob
) strict;
create index manuscript_by_first_digest on manuscript (first_digest);
create table revision (
    id integer primary key autoincrement,
    edition_id integer not null references manuscript on delete cascade,
    number integer not null,
    author text not null,
    began_at integer not null,
    at integer not null,
    path text,
    source_name text,
    source blob,
    unique (edition_id, number)
) strict;
create table manuscript_file (
    edition_id integer not null references manuscript on delete cascade,
    path text not null,
    number integer not null,
    content blob not null,
    primary key (edition_id, path)
) strict;
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
create table password (
    person_id integer primary key references person on delete cascade,
    hash text not null,
    changed_at integer not null
) strict;
create table authenticator_app (
    person_id integer primary key references person on delete cascade,
    salt blob not null,
    last_step integer not null,
    added_at integer not null
) strict;
create table recovery_code (
    person_id integer not null references person on delete cascade,
    digest blob not null,
    primary key (person_id, digest)
) strict, without rowid;
create table passkey (
    id integer primary key autoincrement,
    person_id integer not null references person on delete cascade,
    credential_id blob not null unique,
    credential blob not null,
    name text not null,
    sign_count integer not null,
    created_at integer not null,
    used_at integer
) strict;
create index passkey_by_person on passkey (person_id);
create table login_code (
    id integer primary key autoincrement,
    asker blob not null unique,
    address text not null,
    language text not null,
    tries integer not null default 0,
    expires_at integer not null,
    waits integer not null default 1 check (waits in (0, 1))
) strict;
create index login_code_by_end on login_code (expires_at);
create table login_session (
    id integer primary key autoincrement,
    digest blob not null unique,
    person_id integer not null references person on delete cascade,
    epoch integer not null,
    method text not null check (method in ('passkey', 'code', 'password', 'password-app', 'link', 'oidc')),
    client text,
    agent text not null,
    started_at integer not null,
    seen_at integer not null
) strict;
create index login_session_by_person on login_session (person_id);
create index login_session_by_use on login_session (seen_at);
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
    recorded_at integer,
    relay text,
    code integer,
    enhanced text,
    reply text,
    kind text check (kind in ('hard', 'soft', 'policy', 'message', 'expired')),
    bounce text check (bounce in ('gone', 'full', 'unreachable', 'other', 'message', 'policy')),
    destination text not null default '',
    claimed_by integer check (claimed_by is null or state = 'claimed'),
    check ((edition_id is null) <> (notice_id is null))
) strict;
create unique index delivery_once on delivery (subscription_id, edition_id);
create index delivery_bounced on delivery (subscription_id) where bounce is not null;
create index delivery_by_notice on delivery (notice_id) where notice_id is not null;
create table bulk_change (
    id integer primary key autoincrement,
    kind text not null check (kind in ('audience', 'cancel', 'reassign')),
    edition_id integer not null references edition on delete cascade,
    created_at integer not null,
    done_through integer not null,
    last_id integer not null
) strict;
create index bulk_change_by_edition on bulk_change (edition_id);
create table list_removal (
    list_id integer primary key references list on delete cascade,
    created_at integer not null,
    events_through integer not null default 0
) strict;
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
    destination text not null,
    state text not null check (state in ('delivered', 'failed', 'cancelled')),
    kind text not null,
    bounce text not null,
    code integer not null,
    enhanced text not null,
    at integer not null,
    number integer not null,
    primary key (edition_id, destination, state, kind, bounce, code, enhanced, at)
) strict, without rowid;
create view had_issue as
select mine.id as edition_id, me.id as subscription_id
from edition as mine not indexed
cross join list as ours not indexed
cross join edition as other indexed by edition_by_issue
cross join list as theirs not indexed
cross join subscription as me not indexed
cross join subscription as former
where ours.id = mine.list_id and other.issue = mine.issue and other.id <> mine.id
    and theirs.id = other.list_id and theirs.family = ours.family
    and former.subscriber_id = me.subscriber_id
    and (former.id = me.id or (former.state in ('unsubscribed', 'pending') and former.moved_to is not null))
    and (
        select copy.state in ('claimed', 'delivered') or (copy.state in ('queued', 'deferred') and other.state <> 'cancelled')
        from delivery as copy where copy.subscription_id = former.id and copy.edition_id = other.id);
create view had_issue_elsewhere as
select mine.id as edition_id, me.id as subscription_id
from subscription as me not indexed
cross join subscription as own
cross join subscription as giver indexed by subscription_by_target
cross join edition as mine not indexed
cross join list as ours not indexed
cross join edition as other indexed by edition_by_issue
cross join list as theirs not indexed
where own.subscriber_id = me.subscriber_id
    and (own.id = me.id or (own.state in ('unsubscribed', 'pending') and own.moved_to is not null))
    and giver.moved_to = own.id and giver.subscriber_id <> own.subscriber_id
    and +giver.state in ('unsubscribed', 'pending')
    and ours.id = mine.list_id and other.issue = mine.issue and other.id <> mine.id
    and theirs.id = other.list_id and theirs.family = ours.family
    and exists (
        with recursive trail (id) as (
            select giver.id
            union
            select former.id from trail cross join subscription as former indexed by subscription_by_target
            where former.moved_to = trail.id and +former.state in ('unsubscribed', 'pending'))
        select 1 from trail
        where (
            select copy.state in ('claimed', 'delivered')
                or (copy.state in ('queued', 'deferred') and other.state <> 'cancelled')
            from delivery as copy where copy.subscription_id = trail.id and copy.edition_id = other.id));
create table handover (
    delivery_id integer primary key references delivery on delete cascade,
    at integer,
    code integer,
    enhanced text,
    reply text
) strict;
create table destination_domain (
    domain text primary key,
    destination text not null,
    learned integer not null check (learned in (0, 1))
) strict, without rowid;
create table destination (
    name text primary key,
    state text not null
) strict, without rowid;
create table suspension (
    subscriber_id integer primary key references subscriber on delete cascade,
    since integer not null,
    first_edition_id integer not null,
    probed_at integer,
    ended_at integer
) strict;
create index suspension_to_probe on suspension (since) where probed_at is null and ended_at is null;
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
    recorded_at integer,
    queue text not null default 'strangers' check (queue in ('readers', 'bounces', 'strangers'))
) strict;
create index inbound_waiting on inbound (queue, id) where state = 'received';
create index inbound_failed on inbound (recipient) where state = 'failed';
create index inbound_by_content on inbound (content_id) where content_id is not null;
create index inbound_by_age on inbound (state, recorded_at);
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
create virtual table archive_search using fts5(
    list,
    title,
    words,
    shown unindexed,
    prefix = '1 2 3',
    tokenize = 'ascii');

create index delivery_queue on delivery (edition_id, state, destination, due_at);
-- rows
pragma application_id = 1886545267;
pragma user_version = 57;
insert into keyring (number, fingerprint, retires_at) values (0, x'0101010101010101010101010101010101010101010101010101010101010101', null);
insert into keyring (number, fingerprint, retires_at) values (1, x'0202020202020202020202020202020202020202020202020202020202020202', 3);
insert into list (id, name, title, description, from_address, owner, reply_to, postal_address, language, archive, listed, post_by_mail, require_postal_address, created_at, closed_at, relay, hours, timezone, layout, colour, logo, footer, leaving_note, front, cadence, ask_name, typeface, family, approval) values (1, 'list1', 'title-1', 'description-1', 'news1@lists.example', 'news1@lists.example', 'news1@lists.example', 'postal_address-1', 'en', 'public', 0, 'approve', 0, 101, 101, 'relay-1', null, 'UTC', 'layout-1', 'colour-1', 'logo-1', 'footer-1', 0, 'full', 'cadence-1', 0, 'sans', null, 'none');
insert into list (id, name, title, description, from_address, owner, reply_to, postal_address, language, archive, listed, post_by_mail, require_postal_address, created_at, closed_at, relay, hours, timezone, layout, colour, logo, footer, leaving_note, front, cadence, ask_name, typeface, family, approval) values (2, 'list2', 'title-2', 'description-2', 'news2@lists.example', null, null, 'postal_address-2', 'en', 'members', 1, 'direct', 1, 102, 102, null, null, 'UTC', 'layout-2', null, null, 'footer-2', 1, 'teaser', 'cadence-2', 1, 'serif', null, 'none');
insert into list_logo (list_id, name, media_type, content, width, height) values (1, 'name-1', 'media_type-1', x'0101010101010101010101010101010101010101010101010101010101010101', 101, 101);
insert into list_logo (list_id, name, media_type, content, width, height) values (2, 'name-2', 'media_type-2', x'0202020202020202020202020202020202020202020202020202020202020202', 102, 102);
insert into person (id, name, address, address_key, is_operator, created_at, enrolled_at, epoch) values (1, 'editor-1', 'Reader1+editor@Reader.example', 'reader1+editor@reader.example', 0, 1795848745, null, 0);
insert into person (id, name, address, address_key, is_operator, created_at, enrolled_at, epoch) values (2, 'editor-2', 'Reader2+editor@Reader.example', 'reader2+editor@reader.example', 0, 1795848745, null, 0);
insert into permission (list_id, person_id, role, readers) values (1, 1, 'editor', 'none');
insert into permission (list_id, person_id, role, readers) values (2, 2, 'editor', 'none');
insert into identity (issuer, subject, person_id) values ('"?é🙂日本\', 'ß"', 2);
insert into enter_link (id, person_id, kind, created_at, expires_at) values (146374240095913, 1, 'invitation', 3500904852491990444, 2670794318421429759);
insert into api_token (id, name, digest, scope, is_everywhere, networks, person_id, created_at, expires_at, used_at, origin_id) values (146374240095913, '?é🙂日本\é ?', x'70e389b10db84ea24490e06053974b975135b167a6dc1ec4fcaaf9b0c55587ab', 'sign-up', 1, '‮🙂', 2, 646251146969731441, 872785087046858853, 8844505881843257912, null);
insert into token_list (token_id, list_id) values (146374240095913, 1);
insert into subscriber (id, address, address_key, domain, suppression_digest, mailbox_digest, name, language, attributes, epoch, created_at, text_only) values (1, 'Reader1@Reader.example', 'reader1@reader.example', 'reader.example', x'882186418be42cb13fc2a4a24f582feb86e8868d90d684034d01190fe2cb770d', null, 'name-1', 'en', '{"city": "Riga"}', 1, 101, 0);
insert into subscriber (id, address, address_key, domain, suppression_digest, mailbox_digest, name, language, attributes, epoch, created_at, text_only) values (2, 'Reader2@Reader.example', 'reader2@reader.example', 'reader.example', x'1b7164672ba54626a4fed29532576e671be519e1d9ef94c76189e923d4f0c0fc', null, 'name-2', 'en', '{"city": "Riga"}', 2, 102, 1);
insert into subscription (id, list_id, subscriber_id, state, state_before, suspended_for, paused_until, source, since, round, moved_to) values (1, 1, 1, 'pending', 'unsubscribed', 'bounces', 101, 'source-1', 101, 1, 101);
insert into subscription (id, list_id, subscriber_id, state, state_before, suspended_for, paused_until, source, since, round, moved_to) values (2, 2, 2, 'active', 'unsubscribed', 'paused', 102, 'source-2', 102, 2, 102);
insert into removed_subscription (id, moved_to) values (1, 1);
insert into removed_subscription (id, moved_to) values (2, 2);
insert into former_reader (subscription_id, subscriber_id, paused_until, removed_at) values (7824304521848715978, 1, 6023808161432113049, 2777536312980645074);
insert into redirect (digest, kind, subscription_id, list_id) values ('digest-1', 'page', 1, 1);
insert into redirect (digest, kind, subscription_id, list_id) values ('digest-2', 'leaving-page', 2, 2);
insert into confirmation (id, subscription_id, round, name, language, created_at, expires_at, leader_id, attributes) values (1, 1, 1, 'name-1', 'en', 101, 101, 1, '{}');
insert into confirmation (id, subscription_id, round, name, language, created_at, expires_at, leader_id, attributes) values (2, 2, 2, 'name-2', 'en', 102, 102, 2, '{}');
insert into pending_request (id, kind, list_id, address, name, language, ip, words, trust, set_aside_at, also, words_language, source, attributes, url, given_at) values (1, 'sign-up', 1, 'Reader1+errand@Reader.example', 'name-1', 'en', 'ip-1', 'words-1', 'worked', 101, '[]', 'words_language-1', 'web', '{}', '', null);
insert into pending_request (id, kind, list_id, address, name, language, ip, words, trust, set_aside_at, also, words_language, source, attributes, url, given_at) values (2, 'preferences', 2, 'Reader2+errand@Reader.example', 'name-2', 'en', null, 'words-2', 'proven', 102, '[]', 'words_language-2', 'web', '{}', '', null);
insert into sign_up_hour (hour, number) values (1, 1);
insert into sign_up_hour (hour, number) values (2, 2);
insert into unsubscribe (id, subscription_id, former, edition_id, left_at, expires_at, language, notice_queued, has_given_reason) values (1, 1, '{"state": "active", "suspended_for": null, "paused_until": null, "source": "web", "since": 1, "epoch": 0}', 1, 101, 101, 'en', 0, 0);
insert into unsubscribe (id, subscription_id, former, edition_id, left_at, expires_at, language, notice_queued, has_given_reason) values (2, 2, '{"state": "active", "suspended_for": null, "paused_until": null, "source": "web", "since": 1, "epoch": 0}', 2, 102, 102, 'en', 1, 1);
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
insert into event (id, at, type, list_id, subscriber_id, edition_id, actor, how, object) values (17597992179874, 5106428409817378703, '\🙂%s ?􏿿a', 8905839830195337479, 4441540411362675693, 5042304755507837577, 'é', '\日本"􏿿a', '
‮\日本 ');
insert into idempotency_key (caller, digest, request, object, subscriber_id, at, has_created) values ('‮\\ "
''''ß ', x'7e', x'37', '\""a''''ß?􏿿a', 2690942307746890262, 3127531425884555253, 0);
insert into job (id, kind, list_id, state, source, actor, media_type, file, requires_confirmation, is_dry_run, max_unsubscribes, total, members, position, result, digest, plan, problem, created_at, expires_at) values (88792213230146, 'import', 1, 'done', ' "
''''ß', 'é?日本"ẞß日本éé"ß', 'a\é', 'é🙂🙂aẞé', 0, 1, '''''日本 ẞ%saé\%s? ', 1354956612561473376, 3043392552911759037, 4934287709909946985, '‮''''  ''''éa\?''''', x'2506b32711ed23c4569f665edf4f593195d4787777e473906c7001edac1d27b7', x'd4', 'éßß🙂ẞ\
''''"􏿿', 7075730662320622984, 6607886872239774987);
insert into suppression (digest, address, reason, since) values (x'0101010101010101010101010101010101010101010101010101010101010101', 'Reader1+suppression@Reader.example', 'hard-bounce', 101);
insert into suppression (digest, address, reason, since) values (x'0202020202020202020202020202020202020202020202020202020202020202', null, 'complaint', 102);
insert into edition (id, list_id, slug, state, subject, title, preheader, language, source_name, source_digest, message_secret, audience, unsubscribed, complaints, canary_percent, canary_copies, pause_reason, auto_paused_at, dated_at, created_at, scheduled_at, started_at, first_claim_at, finished_at, issue, is_welcome, is_repeat, copies_removed_at, may_have_gone) values (1, 1, 's1', 'finished', 'subject-1', 'title-1', 'preheader-1', 'en', 'source_name-1', x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101', 101, 101, 101, 101.5, 101, 'pause_reason-1', 101, 101, 101, 101, 101, 101, 101, 'issue-1', 0, 0, null, null);
insert into edition (id, list_id, slug, state, subject, title, preheader, language, source_name, source_digest, message_secret, audience, unsubscribed, complaints, canary_percent, canary_copies, pause_reason, auto_paused_at, dated_at, created_at, scheduled_at, started_at, first_claim_at, finished_at, issue, is_welcome, is_repeat, copies_removed_at, may_have_gone) values (2, 2, 's2', 'finished', 'subject-2', 'title-2', 'preheader-2', 'en', 'source_name-2', x'0202020202020202020202020202020202020202020202020202020202020202', x'0202020202020202020202020202020202020202020202020202020202020202', 102, 102, 102, null, 102, null, 102, 102, 102, 102, 102, 102, 102, null, 1, 1, null, null);
insert into id_counter (name, last_id) values ('edition', 2);
insert into id_counter (name, last_id) values ('event', 0);
insert into counted_event (edition_id, what, at, number) values (1, 'deferred', 101, 1);
insert into counted_event (edition_id, what, at, number) values (2, 'unsubscribed', 102, 2);
insert into edition_content (edition_id, source, skeleton, text, html, text_skeleton) values (1, x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101', 'text-1', 'html-1', x'0101010101010101010101010101010101010101010101010101010101010101');
insert into edition_content (edition_id, source, skeleton, text, html, text_skeleton) values (2, x'0202020202020202020202020202020202020202020202020202020202020202', x'0202020202020202020202020202020202020202020202020202020202020202', 'text-2', null, null);
insert into welcome (list_id, edition_id) values (1, 1);
insert into welcome (list_id, edition_id) values (2, 2);
insert into draft (edition_id, findings, expires_at, editors, written_at, mail_id, is_proven, replaced_by) values (1, '[]', 101, 101, 101, 1, 0, 1);
insert into draft (edition_id, findings, expires_at, editors, written_at, mail_id, is_proven, replaced_by) values (2, '[]', 102, 102, 102, 2, 1, 2);
insert into draft_editor (edition_id, list_id, person_id) values (1, 1, 1);
insert into draft_editor (edition_id, list_id, person_id) values (2, 2, 2);
insert into manuscript (edition_id, number, text_number, first_digest, source_url, submitted_number, submitted_by, submitted_at, approved_number, approved_by, approved_at, returned_by, returned_at, words, approved_digest) values (2, 2376499758814423716, 2796453666338769787, x'2a218705947484122a32f87b8947d302f708661da369aa48efd5c2ce0b01221e', 'ẞ?éé🙂', 6797326580640504354, '日本ẞ
', 5653167862352708233, 1317148054892792955, 'é', 2957630157119424632, '
‮a', 2923710365807734842, '?é\\%s%s?', null);
insert into revision (id, edition_id, number, author, began_at, at, path, source_name, source) values (117567307489413, 2, 2796453666338769787, 'a"é 􏿿ẞ', 329788220503542438, 5764031593256402765, 'ß ', '日本ẞ
', x'');
insert into manuscript_file (edition_id, path, number, content) values (2, '🙂‮a"é 􏿿ẞ', 329788220503542438, x'17dc0e116e179022999e8645f7c989cb21da65e504e9a9bc9f9d742742c50436b5db19fee98b1bd98a46bfc2ef15a1b724cfaa6d88023013702ce89c7a4c7b685ae68e2441c350b3373da40ee3fd46ec79283c087708162cea391752c2177a40c01b465b867e6cc6393ca6b924b171f694aeec51454d0018eb4051697afcfe16f8896f05de4a4dc039f018542c362651b0b3acc86dc803634ca5fdb2684c57e0576251ef8cb7ecbe9516d887d3ae24a96a6470896f711edeb5ffcea1693967bbf29cf59e95786ccf7934c3b31014aca4cba81841be38d997270dcaa9fb50530fe34a207e644edce8e27fa95fc46369e9dfddac3511a6f1599399ec27b83c58a0c101e2c9f17e53048f71ea3f92f2fd7f8cec26b6c065959f8bf78c6cba72354b581abd35ff791c6a6ae59962a58cdfd58e774961db0cb824738298951a719974bd93eb8d0c7b1c162383658f32356962ecb1d50f4917ede1ee82e1839d9fc99c0f641ae7dbb26c07280acf9f5851d0db06d6138ba8b686a85d375aa1ffc34285ed8a88c5dabed849467e7851b333044dc1d60b2b078dd02efad99102499a459f062c8e47f22fbd0c72c6b766ea4cdff13d6209ded87c4d1ad43ec100fb86c39f462c34ea7e106f93c6bf86b6fbeabc5ca89e899e82654247d70f76746b966a7065125333527250548d2a4d454253baf852cc083e82b81ca5b5d0a7a05d7bc3843dbc0bf433b4cba9e1709e39fae3687e5c6714071dfb0f2671e5fefde9bdcf05c1b9fc989b9054f8a2243f43038a24d8baf3c67a7d765718792bc32cc22f559c785ee33641bcfac8fea02310ee3feee42e6274179c188e10407746b10ab2dc21aea95ffa053e6864ad7577cbe50d509aac9ee729bd412c15bc683caac2df1cb2e3631ca94c9e32c1583e47b5c978607239d428dbd3b959d943537fe6826a8e631de650a67f715ad5d3aa0347a805d66178033dc4b6dff86647aa75e217958e608c1fb1293245b9b5079988864bdc08e26761b207e2397e12b17235526b080b971fc019a491dde5d5aed8c2f87ae126b15398346ae9eaea3b37b944522bcf485dcfb81a7014fbdee206d320933c233e3777191cd0b7d234f4aafe7ef0632f4b6438af21ec16e73085dcd5e889588f46b5258347008fb160ae9b4da769ddbe2897475c8a08056f18de644950d96f98f0a3eb8e32db80e18eeabaf091778502d0a6c22f28cedfc47c96cec68daa761e860e82b6a33b55be9ee8afbb109306e4ac3a03da33e5aab6be39ea29d60fdb559a0ccd6fde15552e0b9fe73f88c9e94bcd5ebe7ef6911d590ca7f3a63948aded3dd015d58e50c31818f1fdb13973230f98cdf4aabb86c014a8d6636564b163728a61742ffc979bd29c0de3fa92b7c1d2f6c438a68067d10bc0fe47dfd3a89d8e82768e0171be8ad238e6b81eba6053c9d390b0ac230bb08fa062308dff3ea63300d5c412a76145f7f60f6a4052156f79d75c803d21f42f0723b215371444e111ec14069863d633c3c48d5f56d52592758263d363ec53369d5e386b0d340220d2016882dafb538ed553be6b0d3f22f8e995ab4f5f1f11f1db67971f3e609d3bc5a7c693fe7ebefd8fce68513da19b683296941e405acc9c5f711931006bd85edef5a810e66689de80cfaa016da4220b5352a01e18b1c09c2450cc07ac223e66ab1dfcde461415b0c01fb9c5f8d802584683f9d9f7b42145ed80a743e4934f1bdf1b470800b5a4368cb9dd603485ce94e75dab3c66d78d1dc383a0cb6679f8adad5425a7eaa59f27ddad9007decbbd04940457a2a04066bc318c93e5df76c606ed71ec0c61d743b861b061502eb53962b2ff04481f753518eb3a1f4b8bbb189537df89b4ced70bc26fdfd7233b2c7de2b47f0c232b2c9df1a16b697e43948dfa9ac35689e38154c482fa70520531e9533d98a0e2c3dbc50f1ab380b386cd43c1cf8245e3afb64599d08dde549002036c3b4dcf815f036a007fbce5ecc9795c842a3720a32edb7b86fdf6884c316948590c703c2c1d66bc6f23ba18a8eaeac8fe7a53edef6e1d2b58a4d6a82dcd469b1c85d3749127b18792891cc42447bbdd860540d9785a71c177343d77cb7fdff459d7851b9832b2141350c8e69879f6936ccac681631b1ce36846086b7edf0c59cc489e3131c9f7f0d163288567f635567feb21de281547f73eaa8beeb6c51bedaef01d24d9358769f40f921e5b37aec1de8ed3fdd1f2fdd9c756ff8593de077ead1f4fa2b1584d27a661deb1601783bd215ca3690171b03010c0ff647814682dcc0bfddea59d66411ec9a99f38868ca50d65dc05c18ca45ac895c5097800301a863c8cd67c52483c345af5975c00dfe723c9e3be01ff51a51c28e57f30f7338693b7ebb576143c71d78adf585f154e221403b45d980f210b16509a57bfd2c1b8ff00314b91ecd592d99ad3f2f2c03e30fd234ae021a2982891b6908b96270a4d80a9d40a263c02491fc520ed93c4a17963cc26cf19f68dfccdeb62a37c2f19847a2bcef66f1e2b88b6e44ac1bbfa1fc82824679ba8986e2c0f7e6a565fa59f948198739f643cb44993ae0b6c60231a19cc849b2ca39c4dd7260e7d2996bcd5c73355551b144c52d7323517af03bbaf64978b0d60b7b2a8bc8729effcf043a5e6bc8492ea1b0d4c4703c3d648470fbad5cd6e031abeb4b92dea2114d584c74eed095774d9513cb26aa99a665ead529dc0265d31c339308924c6fb3ef040a0cd9ff8b740725e6e91b29dc860711b568e610284079ecb07f682f1765dd84dbd81c34dff07b45b6159ba7e80e4fcde7eb261e229c624c618a27e646f47186ff670479083d61e294666448c46b7f0d23a301710e6244cfc7914443760d0126f2062c002348c26a70381e31651a9056564b8de9464598873d4a02e479ba3a200a08adef208b54879dec1f116d1f3045ee2d8eec641c009d826041553c72bb03fe6a7bacafd45001d62406f0ee1143ddbbfafc2e15dc972650d99980f3c4669b77de82f97e982eeb4485cf9e6a6bceedb2962f712c16080fb68c18080a63d9de751134703ff6c5b2c56ad7eb9a995a4749769ac6a6a7f0e9ff7304de9221d307b3d8de50b5732d35543496b32875c751047d5fcae876f7e9218958833ee24d5c304761cca5907a775d318999d26bf2b9bf451e4d11d2e77889fe0c94079dcdaa3e51e572d7c8f5988af98b22d16bdf3f01eff5fbda0b631367fbb576e4939655a54d8b157bfb830e53cfeeda2884f48a27168d04cd048384737d3221b920ba70fb00cfe8dcbd4bf6dcce62006bc57e07920920096ad972337cf1372d204e6fe273e22c6ef42efaf4de575baecd123452c931b793b014eac1acc9a89dc37ef9c216be1d0c8805f5acf6b3edd85302246a109561b417aee15b4a9ff8ed29a3e37643843c8ee6098db4dacd0c3ca28505f299f7255da6720a782d750f7abb9b97202cfd04185c62c3c6a7ef52ff7d05f6e68a60e90fded64394d1d4d91e78ed16d8a33b982996452316c33c5eebaf25221dd80a4bc401b5ccbf899fbfa19a4c64fbaf76c406c5d47af7888264c736329ed2fb37ecac9cc4aea5aeb305e12cfb2d57803e701478e4d7fef8f72ab3c1d1d84846863f9bd818604fe293a2c9dfd07adaf8d6b77ea41fb80b0a14b074fde6c57e8a852342c7a89da77e2d4a9778d91c04f0050e696f35cc975d18fe256233f57a1d8a4de9aeccf82c957cb42056506c72a99ec16147e4ae8642e0e3a8848b67c12158d366af878b76e1d10b4b9e487903a05217590be133ad39c87afa8b55adfe777ce4da696338aeb27acb64fa5672ce5cc0f39a731a1942c5c40e5c6d7cedb968a37a726b4f0289770c291cdaa5b2aceb3ce7f040187a270d5efde9e5238239e071f3b969d77c3be514b4986daeb9bb7f145eae0b0bc79fd65f57b45e9ea7335f434dc3b3550f9a596a760dfcad44d2b26c7807c871a911ee4f769820ba06e7244ed3ae8e664f51c63d6d42f7b9f61baa81e43be9221010f373ff0ef59c4719ec981e0837f478b856d3688addb66bf2510e07981c6e6a276e93d0e698423e3a534667d838e3e3ec0315f51502212a26f61e5b8c3a059d57802a9f50fb06be3e4cd1b86aa8317ce9c0344861866f4a8d15a357e87696e6b4c0951aede8e4fecfe3dd52e875d30be8cbd4358b271736ee0de4dd1e860aff014114556f592c4e19baeec3abd1c56f857f27cef653c0cf3e62dbdbd15676bf288c0e307f7cc8b6af9954b387c57f6665fe1491a9dddabf98e4f6785bccd270778bda0e2ee3c71f2227565b33f8142d310cf909c41b89b30a86025406fb910a13309289dc1624061333c215a48dcfcbea267a2c7591adbea8ec031712773a3c07c56743b261b3dd710eb9bd1ce41a8485973388eb3801880ab6ed7ac6b6938789148884609d64df06f4033d83c95d836f4a31024bdb656b8deeff6efc0a1d2aedd79f9f1775f6959d200cbc44dc944efd4926e3946cd91e67175c91d105dc4411c306d51b7ec0053f6d0ac06ea1fd7a3980e788afff36721fdc8f87503bdf148ffaa6c2029dea81dcbcba997bf4836b589cf4e751ad5747da60f82bff297961900d6ce4418e564d6e48101d89976e28a66fe7f96301e26a8efbeffce0d27a63d08670b01df6654ae0ad144d8d8102f5631b2fabafb33fefa32580d3d359831112067d727117bf50be4e1b3f886f1b263702cfd5887f4522271cec9b38d29d922e64928646f20bdc1a96917b97f47518ca691fc116199fcb1166eb6931a67aa2c3e2b1a9ba6df12a45b71a2be1df553c5c5f6a7614a38d415e1a86cefd991fa2c6246b2a4c23d7575aaca1be18fa29453da7984cbcc0d94d85ceb95c9779b148fa2a5a65f1e750b78d6b00ad04db8ee639ed949946383d42afc997856e502e42f31d477827707ee45e5b898a224333d032812dce1e55c6d2a5135948fe8f37c96e487edd4490c7181b52e3a0351af607f5542408a8f77478b5a447aafab167493466b63db63b4eafffb71402cbc67778523c3bb85ebce3dc5ba48f889ed85694d8eef183b915440cea0b0b6e73f6fcd88d24885ccd07cffdb7ff14b53c60f2ef5db6266ee12667b32252fa9c0a5a059e48eda70031b9f56a21a0cbd7610c1e8e425905ee7e01c230cb1f795731285f4d63374735d7aa9fabe0c2106058e38cada0490f31e04c9954831851d32cf0a0b5386df2d57207fa1a65c5798e5c88a7a5ab9940598fc96d78b78959744dc36b6d5fc6acd984881876096953f3460bbb5fec8f97909523815e46fc997d76e4601bcdc33367af642c9da837bccdd8f5e7804c8676ae6b842659f33ee3debf3e2fde7fcf8dc3624563e575f2ff40a61aff09a2d6348a8e6f60b1977594efaa40c7fc261f09cb675e88d3856c63a96a1d747fb92c58b72d1a3249c40cbe5bc8cd2010de51a73262a1b9d8885def638de7f232003f7f0a31ff01453c0f46b6991504daba438f6b4781d6f15109c9fdc1beb6ad4d9c704232d2850b03fc5d03e3c479bac03e22e5d209ea552161fd7846ed5e71b225ff12d45d14b88bb356ec6091536ab828a3e8739b8d6f19b6f817933a9c2a8a5340532ccf720bf33f6cd2dcb8f837637bae8e17db8e33a8b99a5efafd7d9895e558524cc65d6ee54ca70316dd65c8d0810d3e024d5320e546c975483166da2c4a4f087642f1adb2f49e0622cce8d7c1fa00acad59e38af01c45bf5755b6529484c064690b0adac5925e37d25ac46893d963223e4a634ccc6ef317836a6077ffab6c0c2cd271d72cc3f02d2dc6f36716b860bb898ae52e337496026c1fdc3fdb31bbca97ed740867e48d4723b2d8b3ee09bd941142a1bbcb82663baa1b531418c35bc41b2cc87e3b8bbac23cb1f4b1af2ea20b673bd0266b086951ed8c9f7e9110b4470c025fc08acd2f767eb5502d591f3aad5013e779a1e77740bf55ca3b539d22ed400fd1a10b3cbf70f2c34e8bc78d49f3e6c191cf2e73c78e0fde0200593b7ad0583c8d03b4c0d88ec5b198fd36209a176ea3bcacb468a018135177a969ae5d80faabf3ef0c901229635f976928c8a90325d8c493adcbbca00f1ea67cce0b55d59e1da204b0b246506b8e93a3916a0d7fb53881c46cc7f5767d4d81829c276672bf50c623395fd90f2d65e6ac9f2ecc1862d115672d4369e60b3174a00715dd593b9853ff2e3b166f6a956b5275a1b053b52ebe842899e05762b0428819860f8f1f144255b613c8e91af71f7ec4e2bfed36a4007d1258062f44f10fbe0ebff79135c9fb47a1a8bb7a1bcc24211c110ad0a73301c41b48ecdc1401dac266408ab3382a25a0bcb5f71629da1886bac7d7b18ae73cd425b021790cfc4b537141e89d16b68030a6bcd8fd1c6a9c5373bbafcdd651445fa8006aa734923e355d50d973db64599b44076ac36255ecf66f1b5bba8690897541ed85e9507a8b368e192e4874dfcf776f4484f2aa1d8556ac6722ea01f7389edbf9d7fa644a2be163d1b4129f415fed4eb6b528f1d7a13b726422697a3bb62d680a18dce568884c937a8eb3e0f855edddb7b6a696b4a63154294ca1002b74158409b2e9e783a8c9d417c09e023bc93dd559bf8b55038ae0212ef10928f44ff5988b09d2eca140b329df1344d797c0246378ee7cfd13ef2c84c2970f62b34809edd7dab31ec20ebf8e6bd0311cf614194facc1c84fd25f20d2efc350b7f95d34000938accf90d5e5a2095312725e64d1a271f662ab36c83c82c49983769e594fbd980ba28694bf5e64ae5c6f108e58f032285318643388bd12f43cc6ffcd0c5f21bd4d20d34597f381c61723563c19c3df4ad4f15ccfd2c32764c753c3e8503695bda565049d895de8193592f5b0e71d3cc866f63eb80e01ef48d29440ce4241fd07d5145fabeddcbf710f40a7acf89de7aacf8aa565e97caa4af6b29054dde4c5ee280f1ed4a3583d0abdd9d03e206d9d5de345858db2ffb9342e8f6f17977693ef4d881599e1a9a8225a5b425663bcf497bdecabfb8e7f1dee196841cfcbe1a058a5c850208771fe518c972adce74564de4c632d0ddc333e73466b1fbd9bbf16b30b782ba95ae306237c8854774c3609c9e024fcd6beb472442f104e484bfc7df963066e89f9ca81fba43379381775f363e70af30d28a3fb1cf16c30277acc415c69b6a7edcf21bb94124c3a19729e5d474d802b47bd420e4bfcac952bfb9f04a99237098462204419d446becaf8be37e48f98bec2e8f5a8417a782e7838706fcd183f0f2ee79f2065cfe6dcb758f91c9dc99eaf6a0ed5a92c4804f6e7bc1233af0230270b08eceabb115c5dea24b7e9ce78b1e012f1324364ce234a534fb35fe74478b311aba9b17a00bfc06e9328b79827100b958d277382ff10fadbca2dc3ef44d6c34b4ef7835790132249346174fb1c64377b96b7699ed283a5054c9e55aea60148a342111d4dde9c8c10cb83e96a1267c47831572e86e081b29d95e1e6c62d480432a83b543c7f8f03c1a41b0982784897678139fc2847add1175b6310b49ad888532f4f7840580db57c9f0d139c0864943b0c8328b0525d8235bcf7d938e8fcd1332327089379053650a5624a933129bd3057e0c47b0e48169b05414d1d6b6dd2f7876378a9df7bebb2377f80af4d8669e29bace4998e5a2860b80144e0a785e502be00d8651749629bc983674f1242f5846be8559c77b4d679254404317f5ec9df727f8f9b8f912f54a97ebf5bc28dee44cc7b94d359fa0cdcbb922d5079ba7432ffc71634df6383135905094ae7ff9fa6de32d4fbefeca53fd1e5faab627e8f19dfd66abe581890e69412c9573737f1c1f0b53bfba75f981c04044ae9c049a1e9c489c6f95d7356ed4c79125ff304de678001c59e380d3427922469d07a1a960f9985bf82fd49d11dd3005498ce9466ccf5d40e30603d85b70692b4a94703c954c7260f2d8d0ebf61be5f30a80429d59d41d121bd867b7afa30f32764e34c3f2ce263d6890f336c75257485e4bf931f8fc4dbefac2d2d74f96c26817ebf4f834e4770c2bba7381857856eb69becbcb54d5b16fab81689564770ab2f16e1b37141febbe72c07bc1f60f241f7ef397fde90411d5da42d235979a4fce86fe2a0b4d53fe7dd828be2b4195d0b265fa645f973ff05948d469379022beb823712fb804637c73b59c54250c5a1787cf9289f71d594213278975998eb9edf7838c3148d91c376c2b6e98820e7953e3fc8d817a90d3679a176456ff55e417218b1d171144864af586f9a948ace96dc9f4247a5b7ef8c0ec628b3f5311b86c743b6bb302eca7ad779152e8ba79676caba6d1763067f89989714b5ed94a2a8b4b0c9f7d6a8e817ba9af9bf3fb32162c4f67dd0c1d1c5b441145cc3cc3b90be618632c379a65cb45d3a29eba397f263f2cb9ddb6563e8bfbdbdb45ddde127c26dd839a7f1b8b0ba49e75bb4d8855733809b63004acd4b20ad8a8fcd5c65f8db828db0d87a2abb26e9b1df08955659268f35ec90d0ecb42c2c470a0627455ef781904d6e7fe70206e25b594fc5dddf5d1f66cb8e511d37315863ef112d9b006d1c73d948bc699ce3ce5663ae16846e34b98294ff3ad71babe3be8efe82ce9a320b48a3e25026d260b6dea7afa08b88a40cbf28fd0cc8dfbc574bdddc0b07d540a4e2d22d44ff1f817a4f14501e687bd279d83064ba11ca2797f3ff5a246417b43bb93ac81097c71cdd698d4a9f1d758397b8b813f7c9d0454fc77785794c34b236e58c4c700dd6489b3bb050585d344b5920651f46e2364e5a3b688b8291e378abe8493407c9bd81698c35d7612ccbea42c4a0e30e58d500504c6a31a829f0dd9438bf6ca871a00c620fd9b7555659c8b8e248bf7262f229e2c89733127f6ae8d02a21d012b6c3f10cd549bcfa8009e38d5241e083128bff2495cd744b1ae01def26386afd301c1811005b3197aa7e32ec03862fe1a51afd9baba6acd9b9787dbe5e24fddcf8dded4e295350d917e24113a436fdb2d2e12b1d6d3326dcd820498deadf3c72c82e5b438dcc78dab9e51a1688674f8814e71d162cd24575605e4595916155a2be7ecc42b8a78d679f96a0fe4d9fbd54544f9a569d4e994364781cf247b1692f301c1e31645457cb2bb1ed028a99b6610fade1ada5ee3a830ba0a8abd58006f11e5728ddaebaf500415b9b68a250fdd0fdfad32f10f543e79807b2c9aec476d0e26fe405497131e35ec03e283b50dca145cb9505d6fc09231dff49f3e0bf3295c7f7e41819ac088ef1238c09acbb32aa13b1a7b06f5764d92032e3ed07eb49ecdb37545119787114e3d75e187f7bc58997070cc19cdd2c97f026c1d713df8533b113f1c8d090063647ca79eaea09a0afcb9ab5fba4fd7e565c27d24f7bb8a80c2863d64e09b97ff94a9151747a15cdaf47c1eda0d09f315115ebf8489b17705eeee56d446c59f3220701ce51fcd730dd24afb5d448d2a0cb5b01ed43b48a82e2044a39ecc1e73847ca64a39869c7e0cc5cc109fcc60313deaea460e7babd4e270375d03d3cd8e9af07f031a6004583b6785b016d278bc0e9ce138062c321282560d3b7d6fe6a2fa3d5581ad77fa6483351d1f88a0ab589e4392065fa893a0bfec7c1c22a0f04b31fc566333428f5ab4a95671d20e9e393516606523a08bf91bf9798adee56711c6d60cf9cca94a08c4d70732a8536a803d4a462488cae32be903056e8b53993241f68be9aabdb725fa89016eabe590b8d964f8962e336b5311a25209d51ba2063e93b7d91594abf16cc5d390d0d84ef7b4794d301c70a729b69d60d26eaafad32699da8d5675ce5f4eb2c537ea9627c35259e66f407529732bcf9caaa16d348d4ea88964f65d88fa87b4a72da527d235209137eb3527e4d6896c5fb7fc394ee44c49bf4dc76913e99caf7f78275c6bc7c2086c7c5801cc40a044d6a82885edd0681dfd836709183f9da2960f04f2bfa878e24af8d9344d974f38a83ceb4306f5bcb1590267d18f6a4d5c3915925299fbfa93508b374a4f31cb07efb2ee79ad9a2b7cb0073e7dfca6bc45d6746fe813fae59336725530552f504de3edd3a3debf1efc6b2ada0cf3e2f60925c7287cbac57fc4b69c72c1a41195a95ae1c99632a8e3043da5460665ffe88a25813a3f4924d83b7c20ca5a845186c768d530fc4b0ead7f2359bed1ec1aca27ffb9c3db0fe9102d35f62045cdd3ef445b6e1680ba491459775f214c7b3a4fe428be4e85a656bfdd021053b0dfde3d2c2ebe4614d45fb8f34c241bfc8586f479b5c83e7b083ed060f0dededcd397eef0a1fef7a8f087877b86c5114e8541eb116e3fdb790443776a315df86ea6ad261c27157c09d66a3baf1cc83e29750424f9e3aca44db125f6c408b50da4a054ece5e7e8d08070151c068c1e452e29ebe76328b83788b9345302e7e872d5e5ff5896db360d5586e8c814e3540a8add1aaf854c2d30b322920fa8fb8cfddfc3cd25d037899333ff0d57a9450f796d3d7d0b80f0abf7debcc8f8cd08ae8927ed3c0d3858a43dc6f134f2f638673e3cd4a16330828e1f2507a3d66550bfe29703c1272250e87437da2d3a59d525edfb99218b96775acaeba5f7a95350c86df9a2b982491103be517e20243a3612e288a86eb1dd300690bf1cc52e9bd0ae6ce09db850da9ca812e7df40e93c7ee740bcef0a6754025b547986c8de4bf268d6faddbf7ee910a393c3b0a3cd9121bea61754ce19972c669f1f10b59cc8d0f5fc82435e7f9ae808baa3be80f06b51e06f0086340a245660d9afafb99308c1cbc21f9517054480694ef64946f62fb9cc506e0089442a9bae26ad13c59708c67571d60ea39dc857814adaa6a5806783cb3ac60544720fe527cdf87e76b68b77e7e93092f92d410fc4249aa3090cc1616ebe36005b4af2ce276584ce9b7ee7743926089c67c1d3cbf308e1bfd8925a99e62d700ca4f5259cd729cdf2207236b9158e3cb277dfb3fef095e45eba120675b3aa5eb0d0db5495c1009d0257d51942239cc7ba71256396651d464aee98ccee23f71a12f1b2f7242b1ed63449c605c4e8b703d0da2c9e8ca47534d0ed190a947ac92540860cf28fd4d334c2dcb2bca2f81fa4b9282420895214e95be2706035e2a411dbba27e5e2174e80da9666df2d1c4e0ccb40f28b2af0ae55b8c162458c05751b1d44b0a5af242adb2064f474157801555763d5407bc9b44bea7d5d631dccbae22523ad86bb333cbff93ab6ce6abca881fb8898e8b19be8c4575f8e5868ae243d9b622abe3ed7ae34895bc48650e75684779af668f178c31be324f5761b2f2b49a832f737c32055293a7e3eda379bf2ddd866efbb5272757e081ab717116cf40cd039a132d569f44f80f971a43897870d20e6278af42f724f7a417cc1fc632759f1bcaaf9198d3f0e26b9bd654ed78851c5b7b5bdbd1211f4bf6c7d0433d1bc8da98ee78bc2b14c8300c7305d123a9dc4f770d502066d1eaa1a3583805d203dc38a49ca3dc5f96fb126361ac6b1e93430a6ad017b191ace551aaa940b9ae14e2a0a0300a53b9f3f4d788e12ee7c69611b4559ad53ce220185bb0e761c166ccd15082821df0811a04d4cbcf7f8604f340e98ab5fed3d42ecff5d67352020740b7159f1ddde6fe5a6fdfd6ab2f4f68595167299853106d563a02bbb6a9a3d81c68974a74a8eeb5c715413dc625fb2edfdb2b5d1f782a528e1b9a3e7d40bcc64a701b9551f26cc4c14a9a992c96e22226b09231301c4157fefd1075bb8d176454880153a089422aa81162e04d3dd868d7bb7abb2b5db7d76a7450b3868bf09dbefb45749bbe70c5f7916c4aeff069a815224aa6eb256f35a778c9a02a90ce7e9c20969219226547a4edb5c8e9a846248667c3b3c7ea00f73a4d88291d7e47101a06ff3af88cc8c65f8562894bc5ee5f6594fed5baad6c547f520a283622a001d2b9d89dfe2d5581009ab4693152947c47f023baed38224739bf1a7c1917b332d8cf72303d4c981ea17efaf5559130a2d9622fcee1b31e9d7a22bb3930f710756f12e5eb2b088ac956b254d072e98a1aceea234dd23fee1893d0c0bc01f14021357eebed219e82b7d8b3e8dd92e45af19c434684e62429f933d11a41176cc7b10e118b405df63c3d3b0a51b5fbfbd16e93a44a5e693200c90f362218f6381d175899ac80243f815e3ead86013463a19069c35b9567443b5007083c3d0665df4f1c286fdb1710557a51e73b8d9af6338b0e40e92a2a982ede7e8093f7381ee51b35b199262120fd354e3644acbe4887419181aaa5b83d2ae27b435bc899bdaa4602981321f1eb2ba63cf7b4e210d95f96712749841d21720182aa5a2e2e424e597f5c2aebfc12a99f7bc257160a8c02cba4d5c5832fd4954f28deece91066c26034ccf90d346ea1f6feb640331d5d49a67e7dc3aca5b9a4e2ff8bcdbd02e7acb743f1955c6f882720a744c10b51367e44a602e0b6bdd9b5c19258c888208e999bfc4a8eda706c0db002e9b7406ddd7f978d3d11ea9fd7c8211d2c3ca27de48b921f830d697576db2be085cabee617cc252514f073c303d7cfa6d6c441a69517fba26b1236a5a244805cd9740f8e323a3987f35038b5d096e81b7c81e9386fd1a6f99b8d632194a05bd46e719a73c447afb102f9e4b8e2b1778bef6916319a4bf351d1ec8835f0ef49b885420e5c18ce918cde23f1328b802e3d22723fb4d6724edb248a13d4478f08ae71c6380e8f14c329c070ea8130464fd0159abba76c117665b4fa2179c1cd571a888b3705353295c6177c6941b4b88cd77fb8a37b9828f628124ace750b1d8e174b3170d45fdb4cfec5d3840f5308092f173c01f3f78bc1f0b5c6609a7446a586a3ff925dd42de028fad7fe2f6bb839fcf8183d42a7e927b1511b539b5686790b056fdb44e24dba2e377194c6611d48a5cb58014973f33078ac98a8744d2210fd9e08dab7bae47eec157cf08575953dcf330001a255a4506a815e53b7fa01766bc91105c5c074dfa6f4fbced34bab780cc499b1afa481e986f7589824803c37f5267a34b4daa7771a73bea8a68647a7e56325ecae86f3f9f5779550f04a988209118f969cbad9fe2998055c6bbe07c7b0bcee758dbceec929de606d9f90fc7e3620846584e9347905261c948d20d83ed3843de6f048248c3530b1e7625cb983a9ba3891eb4bf90399c5fe49461a6e4a92236b8ddd2b3d30826d2ce630098175d7d1043fbc998d3ea9f928875a0fba29cb0dce4aa3254a41c1953fa5811467b5eace1b04ae5eea6013806701e9e0476b5c064c0dfdaa2e8bda90c3c7c1cfb4e9fbf339d852a2f7180999f2bf58225853869bfd011132432ae8101b6989d9ae1d65216e82f924ed46174c70c03d904abd8f8a8005b922d48f2b13cdc25aec67e880d4f9d03a8359494d07ae4ce6c83f71a34d3f11038ca0347c78268a6a846af93eeaa70747b564a8aa5c87bfe692a2fc130be01a6b612eca95fa60793b06950896aba70b20c432030b966f00b25c3b1d55b0018dc4087f0973f6dd88404932587003234e7507bf03fc57b6de1142aec623002f9faf787c573190f6bab38de8bb0b4348128deabf0e533f532e8c348c24d8e7747e177bc5116e80fea675d4d37d5dd63661b091e5890bef67438d873d2ca333a14c2f751bf26def6d8664d97b19d853fe632d0a31e0c93e48bc257370418aca601cc34b9d144ecc4a1747d1f2a7a598334941df4c01442bbc6f43f293e2c719e8cde3f10fa6bedab19cfe34d35516f256b142269aded83c71fc76510c94a5d11816b83bd773e8eb5655eb92263c924dfb5024428b5672d4ec151fedc3c501c251fb5217e1414a73446f49353e9f2ec51175bbceb2cd91dcf3487e8954e05ea45fa059b42144c5f0049993f556891445900a4e52f197091c961ca70f83887579a7b3c2f8c69d6f16b6d8d1eb2ebd7a9b8b90072424d088a327891adfc4c093d0796c5d7cfeced08824443ed70de38f8b95374675f10b214771825e2fba275bbcbf9b47ca66156d1f0dcf55ed3c9595f2c292e5097267f7468e8c8f31043df2e6ec454b933e4e62e4969757952324fbc66edff7d91dd7f81c15a1040ee157067ea0c1851132d27f342bb733266e46315dc4ef9d5a84308b4d5513e78fff1e7373559f7a848e11f053a56f430a9bacb6092c4f5fc135bbb38ab428b95489e4209077aeab8a3bf65352b44d8b3a244a441ec780128bb12a123c1e2771a85a9ea4ab3b3cc806b34b09dff3926cc5979ce89e7f72fbffec36f78805151a80a172ac6a9b7c0377391b88a11389f9555d053e64c390bb74560d3e088304eb99b40e38e732146a6ed0549d128aeb986a128495eda65f9ac67f255ed15adc3aaeb9ce0f7e334902f3b147529a67f4d8da66547f40a71d255a22692eef4fc59a6f61b28fac1a3157b22f22f1bcc9392f0b0161007a857aad72c786d433155e19a0fad631344cffcc42d41ed32be559d6caef399209e7202975f9b69fb979111f6b7dbde1eabdaa207ace2c10427ade82594764695b38f00fe23f4a1cd83dd353163f780054c66d89ff8484880337276b223d6322d162066d8124f696487cb038b0346e0ce6523681c3f35785972b7a3d653aff514e1c7121f74494d2469edfffba731b45e47430093d9f86c097b9d6ce433d37ed97baf8c51cf4a0b9a0f2f77edec617c998bd55d7688ebbcb260aae9af8a0e97dae78a82489bfbad05b9819b7bab468cd8c9b1c22c3119a0d9851d1d36d7302efd217f3c369dfbf7f9cad8c75cd692254baf74ef8cad9e73be29c59ea30c19df344f70e7b5e6b51400c511d2f44e963c6531d8c5c638b2ebe7ff7c1e7a66e712c0d64ce08d8f19ca923d3c64f5fa030839263c805a981b3097326c436699c41d427b4c0108ff1eaddeceedfce69c5b68b6950b469871bd56c9deeb3dfb6da5d486df5628236f7e80859c488d34475f2953e30a54783474350ae068183e144d989d0c1d9db5006207d0270524e675c85b98d35f7e3ff7eafb7e68ed8903345f6a1539cd836d2152480250cb0a42361ba238c3261d9907e62d30f81350fa43b4a78847ed278afd1da304ea34ef42923a9e13ba127a5f5a0baa54cc3843cc0d1470ee9fc6e2114696c86a938164e660d07b27b324a5ddd80a70cf222b895593e96e76101e72f67e83f2161654148aa1b48c5687439644076fa384b3d25a1009840d449f7859ae50f5d54a67dcaeeb51d9f57a5e8580e0fdbfc8ea40640d8fdbf3ae52b6f2afa6ef6f1b22a2a2c4d4b8901db9c7432bb6e90544b9d667cfa9fdf3a5c683277b5f00511fe537129819f10986571cb36660856c63926e708ae3487729a73d737c4be1a4c664385f6df3afc3e4821b1b51b7ba68df3593435833d5f7f16dcd6f650c16a8ba131b351f1e837c3f71d65ec2d58cc7a0a5b84e0188285df0b754c893c57392fcae91fdc1ab81aef4233685fff0dba3dcf2b3adc8f3c8855b40d5bd858ef2ab0f11e74eb9c911b39f82bda84e4edb4ef422ea0570703f673020cbcbe03fd0d8241a7025e9fa418b85aeb89f947ee567179440da153bcc618be1589625862a2f94965df489abd7908609fd986c2c31ec88bbe1f94e7b21d709f2854f70c6729d7e8ea5cc214bd33034ac7399cac5876de408d84548ebc7dc266574dcd91da0e756c941e84984c4608fc52cf38179bb5b16ae34a9196e0afa7bfed143a005c7e779cca0c80caf7a05aba834c2cc040607d9b5fba15b02474491689f3325dfacd5711c283c5a16185e553fd0cffea727ed58aa06cc2295a34a49847685ae7e5720d021ff97abb2478640ca1a92e1afb06f4893c7e692f76aeb92970ab58ca9f5b6b65d99b44f70e3664df47bda00a56a295c19551ba65777e6809bbad22c9f990f2579ae3ca092067cb748e53dba38f5a117ed005c19a2bbfd7b235c65081d3e4c5cddd81b893e81012d6fd0ab6933b07de2564222c46feab8b768ac322408a008f5f9c2e70ed72158e796bf31a27f0dbd75768d48bac34dfdc13d0d0b388b791ec77872aeac4e4a1db163e33fade6fdc30c35e00e0859fa98a07f17067dd4d23e03fc8bbd626b9cc37b469ef1747e5ee3915432856b784a1b12bb36c470c54df6b1fb9e8071fcab7ca5b134531cc3d254c9f55f6660075aebd429b11989c5d4acdfbbc8888f265cf57fe4d2c208dc0df63f34477607ade2f87b534fb4117c857342f05c3b5737a706dd818fac43f938d5f5225205b7aac018ec2568084bac5d395c4a00ddfab121130546d6eb22524edc1a89aabf15b93a76ff57dc5fdc6d5126732ed3b0d103e5887830c6a560a656f0e07bac537136c41354e554aa6c9d0ba32b14e5fd4457a277e67cbffe04f6d2b358c2bb26e30251927ee7312182a35f5bdc623e1e3000456df5ae0f6cd20805386817d0736d3fa1c045b693351c531a039d74137fba0f5b3aaaaecd1167d8ae4c1cdc74736067cd7a628544591733a3a400da9a17c8d4ce9c3a0992af6c5876917528e955ccb84c53c03502c68405615fc0268deefcad1f95bb708acc9824637b9704200205ddfeb9031bed47828da617ed89a3dc5c83b08a6ba245185c310f7bd0968e6fd2b1f19f0ce2fea68fca69a3415868f08a45d4cf463f59ce5658ec31709ecaf937f196d76eafa99a7dfdce4a3c6de77cdada5c931841a8ef1337a92793f96dc19c790a5a8c0eb258b03451b7ab978d47ad070c167e0237e436e4c72e715d5a6303075bc3ae2d8089d8951e416fa6f4425a4303ebb405a8c54048fd4abd01b0cb83401030b03c42dddd3e6c4a21e093066f2ba87a30305ffafe14a764f908f68e0ef992ece11cfb8ebd1db3374a1888344d08b8139e3821819daf206073dbd009ab8518209171aec6a80140c23cc48aabbd0cf1eb539e381938727479f65607e05bb29ba03ae978ef934232c2caadf39adf2eaa5f07cb3c9fa74ef9a48d172d1cad1dc3316fad25a2fb8e10bc00ddb395fb237b0b1658aa6c8617ad17260520dbb745caebafc6fc093e92b2de998e8906e40b9353dcea27f068d33773e43f65a0b8ab00f9339a5511885886ba029d15ba5584a1572b3ef2fc9572de4e3a3a09577fc3384f25128436868dfb81446cc544624f9c6b6a64a068175643e21c74279332878aa58392ba98bf16a23f88c304f27677bcb2f7ccb9326b9ca0024a7cabef5ea6379f839635ddc6681d64a7fe8ba73014356b4bbeb23c3acb48328c4250f3417b77ecd54ba07efa79468bc6fd49158bbdbe6c0152d675180f74af3813f4b454faa63280343a83a414b4f7da171aaeae6bee2796fa29c684324f02106a567cefb3c5055e60d18c94765fd528cb4215fabf3c764e1c0891ed38b64059fd456611f46b1df61b330fae172ea9e7722d73d3547ad8ad0d4762dc8966f06617bd85ac27ac528a37a4b591af18df381a25799f1cace9aac3401f045c2a66576ecbea263d51fa0474b86825904317da8d18e8303024c7eb7763f7a9185be67b9908e5c84d553d96aa2bf03e38210b3d766a2d0969366c77f1f06608ba0549f9f62ecc9b84deb673dd699c62ff32c419d8139b7857dfc7b07c24202b687db5d0dd00dc7a5b772e14c9d4bdf013120ecaf3e99f02ea4a4f3d9cf0b02d5ed69367814c8b7d4e18028ef0acacf4c402fa5f48f309a3f32638530477e93168ca4480797fecd2ec6d57ee92a4547c8eb70cfb0e2dcaaf27e9e5b61df5a5852f88d39549b15332a1c6f0153a883ea3a1f9c4a8d4b31509cc9635a900708368c5237724e508b582998ef7ec8b073d192391608398a4c62088b30ea4f77d4a7eb22aff3450fe7f462cc89de0efb76848dfbb838666f781fa99805d17531dd62ded977b4f819aa11d725554e939c82284c72a03fe8f75552d2c7de3a605d330ee2bf9a8c3b9b9f60e69221869ee57e188c1b74ad1b04490af5e2cc06cc851dca0df58e588e14c6fa79db450582bf293bd5f601cf36843a216bf1d2cbc9b3931ef175f79e3609fb20e647a64eeca992d14bce6cb167f1101d21f8f3b98cf09e812463194de522f61ca2ec1235b31f2ac0096c2a267c64af0d9f461aafe46b948c79f77866215f5380fa44c73ff1df23417421da105334c4a1ccb1f39232db71f13db53799a9c9c96b6f8fa4c7b1a6402285113845194cdceab07e8ffd98e1a6bb0146ecd687855c2d7734dff743b9ff2fe209072f5d3ade05fc102032b44bb47b03517a747dbdd93ab2f777d0c511b20d056bbe138552159026fdca99456c32c86404cb6d40e4647b5f7ac8e07ddfb208750ebede502a1c21be170c682a60b902e7083eaa646935cb57fcea146093360af9a7728a5d0510476d6315b8ca1611be58ee03809493e716a0b6f0e35e5fd87f7c11485f98b97c4ed27a03c32d710f3f6d8c3d3047979c4e7d7d15000a9e4cf7291832adcec06d12d09fa5f83d1007358ee008025b0fc8ee0b6670a5e67d08c0cdc7d67d7a878e4b548991f804ba04321abaae57fd0d5f92e0525d56a285432704a7e1213073a7075438fd6c2dde63710c0f04160357f56978c54ea6e797a9de55b3fe61a0742fed2ad015c0ceaee3441e8e56553b8a8e6e053c826798bdbc9387f52ea268685837123ed693fea2c0b158e91dbe81134ecca8d87ee614023a53cf34e23e3b6be78f99b6480040d318155a325dda93668694906a1139208a7cf40e5cdb263b28b0862b9eb43a7517ebc348b8dc9b7f3290067e9a35053c53ec8efbf431e3184886c7fa055eb30671f6cbb6b294c338b0fc2faafc61d01a016a90369e9e19870d708dfa674e17b223117fc52ae7803032f83b26dbad2d20ba9ed7f34b1cc532de2f502ccef35cca831d8083b66098a8c654d126af47bad454de09af08de31bc508d9b377790b2ea721109de5324cf1b8d8b4d92b42e1dde66703493cbfae333fad9ee165b2db75ce26cdb149b0423b236079eae328ee62237cc42baf44e56de4451298effc31bfcf8ce6901ab5bb69c014a89a82ccee5318e07cf00ff9ffac6af2da6a374635535f6f11e00ecb58694ab91eadf1426a61cc3c24071722b0401df216f84ea338c1913f03e2926de841bffb1fd12617761a2e5350147b38527f8117824b35babb7a35e2adbffca5ef8a4abecc3840d1e4d6fe0162dd3cdeda3e85b13b3916dea201178ac369753c88fb26e2474c1c4b8b4f71cf7a93ff3762c18ef925bcb8dabaf4d1e8a856fe48f5e2af1dd32d8ccf45c69a36ddeeaaa3d1e1853ca2dc995f2aa53f5b61846de6d005b425dbf27af90a59f39f88b700e90d1ae92104e6cefeb4ad96c80f74e1efe34ac75942a7fd3ed31c1f2d0456c032d7a301e0298d56472c4fc00305726ab952d8eef1e515e47203690efab349244c489393e6f34a0cc50c9846e667ecf49edd7c2c794e2855d3736724f7f50d8ece8376ba7c682dd506afd9267d4b979e6b213ef431c2b2b74f6ba8f5b61610c7c48a25dcd70c8bc240593bc02a6eb97098d69668ea6582bdd07365a03e32ede24a9f09386018a99a7f6eaf9737572d4e3a54ad2802eab31b3ce1c8828f9710af34d333f82a20b4ef632b2cd5707eacf67d0aa9f146b62ee837cc60641a11340f8f128a2ccaf55dfcb4400ee306c08f9db67bf63b0493bfccf19ac5c6c5470d0316ccde25a995080c5e94704a3a2b1063ad4b44d58c2138c6bd370c98707580e6320c7ed1d3ee64c8a46702586344fd206c0d3de7c60504e3e91fb3affaab7e81fd2a66ca7659a9e4166f0f512ec80f8b5836547be2f48ee2b3951a371e6582a06d50dcc13b204bfb307031beeead83066e28b20135fbcd8bfc94df455abe0b133aef738be706e5e596699a912ec07766d262f96379ad0d5f1ce1e3257784a2d4f97c7aea1ab3a4a8cb801edc68c10aaf1aae745b713247761eb9bbd7416c236fabb0af400646d2c9d3cd300eff9c4e3205662e99866c8bc03cb1c32069676344f2b1ae1ed3e188612fd95ef20bc11e888f6b5845d34385c096d71e2a1bc66ecd4677af5682e301110b9c9e9fd5e58ef9ee9f5a9a8f3d0ca7eeb18735b11c18e572fd6a5af5f5eb355b2d955563eb4f8b92c042ef432809dfa93058078d3683d2d0eaca161befff380aaa8f831bae9c3cbb58ed7e0e8c9c00b2ac1143fcd7db9fa075a74a3e98e4ed1e600365b5eccdf016e11f1e28277e4a0973d0076b8ec8b570b6feb4061ea93987489655139c32623d4dc7b19797224d6b8224796dacfc3ebc8cf79c10b2ead839736948d5516c61e8b1a703de946ecb1702f2f4f13f6103f29efc5a264d97402d039adcb802280a81c0becc1f7e110c10e0434a4e600cce94797775a526d0b655eed3673d7edccfbb90553471d6d47d75649cbb22704fbda092957ff51e9810f64a5463e4b952a62d2017cae742678d01986ea7563755e95bf1eb412b79a412b4088e9c5cc423a78e81a1c3172f8b177ba5a834a5cdca473fcd93301bae0918773f505498100885b054dbef7ab5735b6af19abcd253bd84ad5c422f3b8bfa99a9454e9bda278e579c39a244b86af488ed4da7856af2f063e694e9e98469a909813ab2e764b7705e10e22c4126f397b67b156b86c7f7802c2bec0bd6713ba82b54bcebc6b57c6789d77253f63bd18486b2314a342809b2346176fb06950fb9ff1982ecbdb76cdd7c43c9df8383f292bd162a24dd51d02e21f189d495f4ee52d0d3838a5a9521a8aec7697edfea97a2337e9f62e46d8cfa506e0fef47a1da1f9c36389b61be6b5e1f2afbe86387f06bbd30ffebd1b0d05e9b971697202b2a6835927b06289bf0c0d16df6e835800a2d5d4182221790fe81422f78ce1c81f35b5e7f8e3bdeb4bf6779e01fb917ae04fdf560979df16dbacbd80e01914311365c6c80ac99e17b4dd10ad55d286866d51b27a39decd9a78abc1583d67a32cc6b3436e91862d8b535d38e6d1f6919062e323bf42a7a7ee98f32f425067ba5af22fc7f945a586d9abefc447211c97f53422901fdd05b4e4ce72201603d49c84aade377195f4d33fd91b2a41756c792f6acadd49e83c0fdebcc35bdbcd5cd2cd4e4fe51491815607715b93fbf4a1f8adc65c46aa8ffc22c411befab49403bfbfedc11f29513cc746b65bfa5f6f0d90ffcd3906707db6f5cbeb6cbf1750600bbaf44bf6367c452bffaeae6d6b2732bbec6b6e15ebdde76e897f9d2705b97b98884c467f489cd780f3069f835a1e7c36011f1cf3c2b091508fff48d687abb019b3f577dfc27ed0c15f05a3eb0e2517255b130ef8d006b7aa82404359bdfbb714aef6cc788f7be0cec2830d3f22c8875be5ecc13f5afde57ff0599c02aa0f2def7cc27efafc36ff5c29d3addb78a8dc03e6add365910ce13066d7a49b2499036579038c6365437c2a834e4fbbf0a54ee2e28f1db7efbce7a992c3566098537acd30207faa9543217fe41f33fdd414da64728901b604c51622473585937d433f1332e262612a47eeb85a48545c3888d92c26877d43b55b3a7d4a6d1d34cc4acf73b596eda5cb097073a551871abf73fe0ba90bc0b5ad85b194de5390909d58a241a4f7509b968e0640ee99612dc21ef27ba6c8c55bd6e5ef04e54a0c26b972ceb782a2efca2361c2d45d6884712cfffd3f2f37ab0fb952a2270536afa84c632c5b9e0e5365b673b4f679a197fc9265fff465b984cbe010928ee1d6c263886d7fc470b64b2c89a5668b01f8ab48bbeeb4f6605f8be1addae62f9cc447ad9c29a6a611379d3e293148612b01deaf619ccf8238ecbeed657e778b1fbeb4978e58754338b6023255d62551e4640b31295513b04e06b77f4e89c7377b0c55bc9b4563e8c38bc053813b8d1d03b1c83be991bab6193f81f29a45fdbd509d1ed1341fc5a4c1f8b4bbd8bfb494ad0acb6822bfe4b5a0b0291f4e9045c23bd8881d02f55180c0ecbe4cf7ebac9f18657489969a6c01f3cd7c2385b7783636919f9e3b2a1b1723b9b93cd6a8f31cc7c45cafe1e5146e99019c930895213b32b104ba068f2bdca92926fedd9a9d730f972c1919c4521b566e308950cf4cb075667f3119462ddb4e7b2a102dbb39a3f0cfc7c91ffe0d7d1c9e5579e1ca8f801cef16fe56ff0f19e8292449b81f081e599189b0ae5b3a1bbc1f5fcb8f26afb819d90e73cd8d79c096454a258299db097e079391e2c58d7c9fccefe160216fe72f23c78f03896f697806b93a25fc8f6e927b18d2af37b6625437eb9c5ab092111f4b1221dfc72b9848e18ac19974019532641d6d35457d67a05bcff35dd206d706d277fff4f5ecb5df0384bae060647cef60924636ce46982479a644e66de767e06852382df6e34b8895fbfdcda5fcdd3a744651bd76e36494392fa6ba8451c1a78fcdadfdb8f9bcfa3924c027a44057b945e3c55a6a1bb8fe07624b494fe57d5e670c08c2ef7e9d869acf147e9909f1c723e0e9f7b4dc81e4a77e367f10d29f6d1a06714f04fb390bed56515434e451369c45c5115908325194288fdef5f9a166eb23c2ad49664f3692bcf85ad61a27f1fba0289e9256e27b9104433e45dced009c02bd912ac025197a7177ab59398474b8ff7a82edb893541e4d21309a6dfcc7503cffffb0db35c9dc3b030d020c400a7f600ebcdb75b663b130b6d19a25049ce7d6198aa22269d4b44b7414dfb1110d44803cff83f1536c0dc531498bf672d9e6269802291ff82c1c753d43ccfe35e893757f7bc2eed0d35884f9e592ce6a91e94a922683e9be90d705798e95db92a9f16b5be3620c64d7d062085287ce16c75647e86f6069f53ff8610ca78d89fbb28a11751a0a796721f8579bbf3d864397bec671b5c4909e2570ced174fa3d18e5fae4b888d55c7c0748a58abf6b3ea049579676a5b13c61eb8ad761e513d0786bb6dbd2f1a1dbdd77419bb75f4085e66aefd16205608f253db23eb4974e63d27c86917ddaf5bb6974fdb7193663e87deb99c6c37b7a7fffbc142b42b52af086c822828273d95c275e934e297ebb54b39a769769536d7abdc8be6f52ec6aa4587717b047eb4d323dc7f1e7aab935829d23ccab41b8c5c685183a2b9b2b8ac07ee5fba4b787a33e6b3d53a5e7d3c646afa7e92acf47dc899cd58f42dcfeac642c2356a2f34eecba45ac15fe5e7f187a8529f7d26ee9398053feebee1855841e9bba5460b6b170476439a2cdce6585bedf7471cb6d910b512229aba66d5ad46a228700915a4d656583fa788013e42e5d1ee87458e46374571ec8f4dafe9ddf592ca95e6e921a292e33476a5880c378e2e464d01e4bd2bdf4ecf7a9270608bca9a1ffe2df3c2856ee522e76cdd32ad8cc972086fd35dab682ba24f191a2806357026d8928e81e3ea62d362dde6a9bfd28c5c07f76b97285d4626b91e6b40e6f23b5a6850a14c69d734ddb2a295da4199f4ee139b43b223cf63c726df021d10eeb236a2c5c495705f560d0ac9ef785bb6dc4e9f4a9fc3a06e0dffb5ec45a1509b31cf51690fe9b8f83f70e4393af883f704f8ca76e5da58033c4109a9dcfc4ac54f8b9072d5d7008639a2a6ce0351e98ddf2d2d34381414f7f47304b338ee4a48d1f74f708616c7a55cd7f699c44b5b616baf284ae348b443287dcae13155a492f84da4ffa88bec3c42eebea631d65309800d7b236f2119ede155dec67aa6e7c967eeff55e82bf61c00232c53687a9c387f09e9a9d0617aa085aa76a537eedf4b90c2ae975ab13c7239f2921a5b5147efd29d828dcd2a30bd35ed6b860cc622eecc81b72d6a583f9ef0b0226e410f87a45296a800ab337f9bd910a58a5d273d1899122f4f60d1be9708bb03170e7d90b41ce848ea912df915d53b58fb7304f6cff64163ffe45e9ab193fe2f3a5c21dea6428e2e613b9413e13fb7a1240ea8bdb6ec16c0a40c66f02c069c990ae61a9171346f53de815a46a7c7aea7f0b6a6df0a07e550a1c3110709b8104a54c5cdc1b11d95140db3be3b8f66a2aaa77010578a19dd513c27d71a082b1843f72b4b1f1005763fea273ae09f40122d4b0e442477c8eb438edbd0b6f666e00b103a84cde6c618e71d89b29ac7e758f38eb444e5ccca4344d2e35334d3ecab423a19eaace6bd9af91194d277eddc4dd7d719270f5d609c0b4724198e6031bc6f80faeab2f0fdae21267418d2baea08f5e753e9ed720b5c8d96b216d600c26cf6220b813f8f2f0914dfc8b3a8b7372cc8ed340e371c38c045864a38667b97b52b34bed472a25be67cdf1fde9e17b4b0fa5cbffc52784632ed286279e8f63bcc85968762fe4dd1a45fc3a0b4ed70395b022fad11f41a18a4977cc51055c30c05ba2d34282e0a32f3f8cd331bd2b90d5da6ac0062eb9ee367b75e698a304ead9c1155a304c67f3632bf14bb52ca4990dcfc2690a6dec16afafa1c9e8da53f859132f15ded723b5b6bab26164ff1280a454434e510a60db315dc82a3fd07751293e5956d3fdf1dd79a995605bc16c7152110c18f4035d52776c4996a87ef2345d548f2b1124bbd93b71c09ff9cfc5c7131d38468eade40ca0d40d3010f65fc1b29216388172de3aeddf9d29b2b271219334a3e708415c0f94b420501404227cda3adc667d68a7f8c697bd597730ab1d303aaa23a6f403ce781d001f6f25fbc9e656ae5f62a873408faf235d053561fd4e0bdcbeda7e8af784bf192b7fdc0a1148c6d75f4fac7d943fc8cfad1ba91e76df67949507bbb39cca10b9b752f9e607d2012e933447171a50cdb79d8d9638a472115848a3fbd305e6021e6c785720b5342b7abf4be0625e42300429922b7183b2ece6144551c281b680faf94f813e860dcf65ce54848a08a7dcdd5d11a27ea53dedab632edc40050de006f2b7a4c7e409d3de59c27a0673a4aa06ace77216a481f136d25a323ccb85b6757b70f55f9408613231fb279593e1a433233fb0fffc8fff0599976156bfe946dd06d38a46caf77088a501574f2d37d34b7f588a018e20dce473a6f3732de23ce6f762eb58fe1734328877e9ed8e725c47015a3b597f20588e7cf25f0cee669329861031ffa5c6005afba887495363e4a14a17a101030055fc462a71df71d08cf01737e4386c167c1d9f823bd04e90b10b252b741540ee23154dd0a846983e1e726395385eff510d10ad7cfeb3e9b888c36b486c0f3832e91a2d48742410c8c6348e633cfdf506bbdbcf1d32febe0e9c0d4446029a1d5f6e7381f29daa2dad9b0141c59c92d5419ef3d52dc28e54ce2825e544001718af402014e23370cc2cebc2d836846ec4e420b54c08505a96a421e938ef24b43c7bd161f9b4e56485a73aefb282f2b530e58e478bae4d1da2ecee26b222663084b91957bf6a6c917e09216aca556ac2ec069fbee3fca2e03bcdd8411046f21f57c324bb6be410e4c4a66e2f242b7f35a64d0332ccd0c2e644798b9e2b6ce39afe1b83de39c313f34d5ed3f639f3f9015b1fb9296f854e059e9d1d935a4158f2abd50618cd80a1e59afec766c7c260ce38f21b7b5761dbf80384671aa442cbab30398b6449620f762c2f8d4ad3e8cf7598343a1ec9f1c0e65063deb672b0bb5d166aea9f320b07a674089f59ea533e0c276284a0bc608a6f9c8e779a4418641cf1245e9348e738f74f4cf5aca8db8f848d25296aa80c2d8ce37fff76175a9515be7f3be2b6757e163d23b79331a8ca3291609c08449df988381ce6f15009078830b2379109ab60e29068da318e9537a698ef134f4f9e4f0f6470a2f09f504e6d0002e60a47a18e3dddc42b44d6348c0c2e074fc95866dfc5c8bfee5a5c04e6d6b1cc938321923c3426358fe5d7324f4f372f102fb1a3fcfc744c92d19b62fb9ec5229940fb7055e1f981b92eaf0fe4cbdf2be318f8bf4a44fd0879f12e6772dc1813db408bec70d23ef899f49569a4489c2d2818400c3dca9f36047bcc9b87119d0ffaa8b5194d3acef869557afe0804b7a36322e19fc3d93537ac1f2d5e7db865ece8e608b106a0e55d9f2332a33110ec13b661c9ad419ebcc81bcfbd1bdaf46cada6d0eb1c063bee4c0e683ecb7e308e3531cc693289210992eaa1626c629a2260cc4205249259229d0d5ae822ccca0764c6c209e3d771c71dbad134be732e4c35bd651403cb09aa56dab92de134a083873ba3af6ba1dcd8c08c50fc0c81314c37e91b539c0947f253b6eebdce2d826df1f90f49cfc54da12aa52e0f769e3e62da8bb3d2f7738cf28ddbc918420b9fadd48bd7155977515fa8faf6d7db7fb9c888e0a36fb5e845a6c293529e235be53b5c48ad8ada1112ca23d42581ba4dcab0d7a2dab50e06634bee50db08d5a60b044342ec4472bbc8635f18d4ea71578ef55c5352041211c4d7d752b7e08486f5a632d2720565c5761230c548be8306d15c4a5a73bb674a0ef665885188c3e3c3517cf47a1a125010ab6812c276e3f2f0a0f3ff94dc0fc66b62e4a3b3b887a8b8ae60bd786b394339f71a136389b4fcf640ad39dcee386e1d1336e4fd796774224aea7397f2f1ba1152bd91399f07ab31457cee83152db9d004bdc8617b4db9f9052e1f029948986d150013a0d7f86fe217facc0ac58e4738cd846252ae950f379183c12e8990cdd1657246a9944458b3340f3c43b3fe452de9d9c464638327ce60999305c8c0b9edb797288d97a417ca2d77466772644913c3d148bddf18d16a70d4956dcafa6ecb241b97de1d1100e2472132a9065334080fc5bcc864a34a4f23c7aebc5e642fadbb1ac39066de86a5505c5cb9c43791f915ae0c1ec4e7b5c107b5360781a7101ab7610b4d88fb2a4624309bae6e1f52905f64d94e360e550cea0c7419ca9bc577dd511637ce52aa81d7f6b3e0049140cda7447ba943df4db6b519170ac86a1bc84e40cf29a544b32f048e5ecc4d96985f69b2a360d86f318431dc0e73d15c515a69e88f12d08c96e7f818bfc1b4b63a3fba1e2a3b0429f79dd73276dbf4aabcd4f69920f398bb5160a2072b60af22f7677d9d84ccb5c9f0c0368f2f676c31ef0288c41a7f90a92f766fa02cc17bf5d67681b24cea2342f5822758fafa0fa268034830ab2ba9515d35edc6c1dee97df722471c4c6582859eea60c6221b855181f82393814d227878b4000c2f1a87f382582b729e5b548497af966487e9941947442a7ecdebdbb20a11ce67682ec9b2e46ce68bf64a1efb1d1eeeff8d3f10855ff8895487a1cc6531a7b9346e7f8cd413ca17370651ae7fe21aec4bd8967225e5ae4816942cdd31ef3a3da5130c75fddf4a41dcb62efd3d3139bfa44ab7589a7278314ff6fc23686a1eab4621d426538de1c5ef27db8626359d53af6a8ec04aec209f6207150ab8e8b3d0e4303152ca5daeec4d04e0c9d47cbe9c37d363afd4849f5c727f27d2f2a4be657f6ebcc7783a8aed9e7c9c4ad471897b942322bd8a14aae8deafdba1186e278992fa40d1c4a595833c9dfba1b77255e4cf483f994744b8070f85cf743e42e8d410ce748f1844914d257404c9c3c788daff8771ab7a066218825128fd3d2bb9ce2c0d6592046a8774feb2484e1711f05abff6cfa5d31a330b79b318f0024cc002a5007716253f72c832736eaf7445fe62a346c6761ccfbf1401a6e3691290a9242cee52f40c86db9b9604dedaa3ec071904368f484b71fd4312aff71dafc27d404976bbae7316562251414532187356a0c628262475bfbed448d6bc5dfd86e1f3ae6ab1b46ab4cbd9157191f255fbdac89dbdf5565fa11a140f71f3067bf3b6c20477d110842e63dd34b494c885e383a6473ef91e47eddd8859a1e12272e6e01002728208140205a6c1946a56a032ec227093c8ad19890a0a15a58b865a8eccc906e436bf72af97c1532c792d9e65c4edf04617869f8cc14c01acfd95bc4275da1323fcf6eeb83d1009d2498740fe538b764d6342d74d046e616c29b00903dbf8a99cd0863c2bce43b6db48097ed337718f5fca13e8652c5a82286da13eafd05e1a0fe3ea99bd7ef28d35bbbb44cf7c33bed8a592cedcbe662467509d90b18084f711c9f812f15ed9ab767ff116574dc6c15d2c649b860f40d44f6d94470d18d6bdb4e53b574cc9e1e8b40ef6577e4ad74975cb335be2fe3b9d4007a752996bc02a4936265ca235943b053da77cc43523dbba4c940653fd2b87d251ada361e56343813556f716f53b4b052208aee4a603d824b109ca7c21ff1dd3b3addcca2c47ac1b2b2f307ec4a68299033d53f70fba6d1c9cf9dfd74029f5825970e38eda6f0e1cf3862cbbb13203e0eb04f481b5d46241df431952e0f5fb5d0b213950a444b41d8987276c45087bbb01ee255032c8abb5d3e1c03eb9994f166b983e1223bd58699916b5f8620dddd00d558da3772561589e7c035058b6032ee32498828c55ed065333d9211acc0bbc27ee80a5e12562d5bd48099e93bb21fab0e21eb88e96679e231ca326e7d670a82c7f7295d2704b9a9f78f42e75677f517f13e07bef5714d2721b4f330c13dbdff4ecf5469cdd6af99de955524aa3b32a8f759ef4ce9c15c2f4e39b6c9b2468d619f5604318cd8b8ca4dc8cdc99a84137befed9c94fac56341a9e3fc33ebb79339a1342f5095667d9be76229d4a48621d456fa58b462d6cc6675e6bbd96bcbdc1ae75cb2a91c8ca0e4feb5b903282369e1cd33928301592d224031d14c9f884596057c2ee4eeedfa6a56491bbb0c096e412770d6be2ecc95443c4dc321d27109193b4f29077de4190c043b3e5b36f77bdb6332b8f73a581e9952be991eaff902d9a9506d4a82d8b85c6b3a36b9d94c52c11d330681365a8114f254325926653c26cdc8fed3966a36e1acc7d339dd62ec98489837957dcb12353d520792118b3f966d416d01edd104f1a58bd0d961d92d320869708e271aeb8c0d478f89c1ce84592a40e2b3d5b5bfd3b326213f953e4bcb68b55491773cf4a131df33a1bb58e8470ff28392f8a966f66ab215cdc15ceea3d7a633e16313257fe3a9282d70abf3fb4979ccfb28d446d3b5ff0befae7f5e7d0e6d892441af93d45b1ed9e3641d27c96d173013302b05ff3820dbc85bb542b9e6732879b7c1fd9ac84244ed5662a13b2d64a33ac8e4346c34c1f5289c0c884ad128302b26c59769916e951b80de6fa969ae6a314424a33ee0c541a8eea39c5398aa462428154cd3f4f533cf54b21e5718b09e416f195ea23f4863f7d44b0c0ca17ace16d4e8080f1f13282aa3e6f545d1f0529eb7955b8a0e61249b0f8ab3c88ec384fbe6e8c5588f1f9ec4b4984abbfe6ce51a6e61676d1fe85ea17fee4c857ef38b9f9f2e3126c2bb69e2beb76ad3fc641c5beff3d57c7fd1b88ef0e992806cc06595e0b4d73570d5d8ac1c95ea0be6e3ea4c61a4f3bb72fd5065366291cc2d477dce4e3372a6e1bcc829c4ae5c3fd15fb5c9700ee47820232dce85270b4ae6c9f6e98e04aff02b873c5f625d2d3fd9a7dbb8b8b9adefcec124b1015be922b221a13ec3c0341d017f1a8621165822778ca416a2fce52dc3e7b279304524753705ae5c975473c3e08d85587b967625433176f9d4db8cd0f08e26312e5e3ee8bdbde23508f7bdc54c54a6414dfab763c37742a331424b2cab8160df8f17fa3ff7fd958cf9f3f9906050fdff6ea5f6ff348dde1151e280c1985feadc64b84998d1715bdcf40be3f26626217fe85ce9a4ecf75c78810ff26df423e36612496472e25f7a71868ddae041e233b34c7f447792dfd4505bde0e6fb151db252a49eb0a144b6c97678566fabeb5a7e396860e0eca30e166d2f430e2d47d20ff7ce3b88bbe8e1f5b410b4f1e82c6b28e61e9feb196e96643e59c78bcb6a8db9f7657409f5e1b3fe8e5466ca7e0dd45f401fa6846a3a77ee37171026f75321ff01a8e570b57276feeb1ee21494b43bfbca58ecde46cabf3039465f77389f392f7f441737d572b755679f3e8033e9b66ea90e2ef02e7e13b0af87fc480eecbf096d0708ea9a1e96b890f81bc8e9bc9dd32180ce07e0771a05623747b580ed316dd159b4465ac2b7e79b9f1b1b402139b5c5e34fcf4a855eb7fa6a71f93bf3d84f5b3f0ace0144a8b3e81da12170663439c1a40fc5e18064c4c76c136674fef3a620d048390bcd2adc87bfc248b10be45488cbeda53dccd7be0b7db5c9f6b37cdbec90848fec61ab4b8483547a201b95d5ad92da191b63b089494c8553612ac4622a67a658673297ddf34e3555e6c88780b1b74670a4d6850217ca3ed0ce9ce1b775b4e3d77802bc5ae27b43efe9c1193ca48c8599f94fa86a54427392798a1331f810d9573ce15951f81a778102a5e9c4f6f72cd4d03a3b47227af623603bdc38d48a36b2fcbfb2b87de8b77a3ead88eea0ec23e854df44c4edb2aecc64326a0d4029ed66f56876751f6f1f4fa2d6efee2719a47434113946d83e3d6f8188802c40014dd681c377680ffd125ca7ef12441f16183b8beee571204b34fe56f035c47f98200ef3fdca41ea04bbd28799d98926a07695a916634730100dd95962351f2c8341f072302020c01183ef4d02e6a5b013e60563467d6ae5f0f3f88e73bf68d49ec26b6cda002ca5207e891ed34e38a4546342f8e5cd3475a057fd95195b8b112307ce8663fdf28498af670013b5a0a9c2f38cb4cad9bac79f501fed3becd5954ce6216a0be9498500032cf71be1f6025fa10318eaa8385e6b1ad10c828b922cc712823b4a2d0122a64c9214ee3e4db1caea2d1b41f653afd9f08233f6f6ff2b5617aa09f21432df20804f09c5b6680bbf96a301212f2da5f72812ae46f96c40371466a48e20799eb61f054bf68138a7ba1abf02ae136a213b25467d95f066934ccc84794c7e974f5658ca96af9c8c2c920f3494cf07e19629cb79b41a4050ef498dc6ac7df49236e2e0de1cbc079cbd07fb18e123db841f14e6b3b95ddc5cbdd2233b77d6d22e154a70060c40d65ced0eaf7b241383bd10b10b4659a3e899c0490c9266c358640e9e50ee860f8f81c6b22b790f5a552bb1b6f37fb55345d22bfecfd4aa70144f331b5ae850ab168efc2cd951e7cdaee11e6c4a1c9426f0e109ae671633c0ff6d2985b8132655644165d9104ed961e434e680a77616c944330634c9a60c60e7822a04cc995ec60472c726ef94f4e1716e1365e1385ca89aac891e5e82dd42457af4da6639646dae56e177caa54c9d3251c32064f6b10680021c4bb4c6019eba2c4072c4582bda0bf0aa15eefbe5d03b83d0a91fbd0dc8ee55c5cb133330b68c6186ef3b63a2adbb5c9cc4c4e48e265bf3381a9e0d3030811e1ce541f105c5dd8630276007e3310002c775da57db0df7c00f80fed4ecb585434669ec56d2aed19f8642d8a94150b8f214a429c2dae7d2c1aef8299017f5704da9f3176bdaf897cd3d2d10dab70ef319143a204b5ea15587178b96aa75b4904ecd8231e895442d4e143572042bcca7112db14521db8bde2f07131eabdce6c7a7bce933008e4af00dcb191b97c6113a12ec04a62c171e9f02ef06e2e90176acda522a088ac56113909d11948c237229d7c95164128875a4e0640448057449b051bea6b69dd07a41eaede88a6329f98ee21c15d4395ee0374e0ede377ae9358f6634f5daa3afcde5ee7dc0b0749a825919deb9969114e9103db3e2c4144862894df17aae333eec4b4b275b47c8261da33e4fbce81183e512c25ce93529bb6c7670757c8c7f88910e990d2d21d12b857c0503d66c7e621915e16b9ee6e035006f06c8924be850dcba588ad3c164ff6fb9986a58d93ab23628bf5597dfae38ea177ec53188cb2e14cc7235c7fc98f008422422f46f4ece843b10d6db23e8c7e3dfffa96685670b8f608c169a4e32434900b32f88f67a550724068e37900506932e815b22b065978074065af004c743558ea307c52f2958fe1a6d58e401790e942e24fd2c0c38cb84042c2ffdcd374bc38c72fbcae1ed3169c986ecc558d095f3800fd4480e449ede74956752935b24f04d80dd36b55f3fde707b3499bb4f085d0b7b82dc7e20a112df53eac7c3e0cc5e7e59be11a8df90a338d0d63a30e193e6a15aeef62b91df41f503e35339702791f296adecee2489dc9495644a3826763be52bb1da57ae35e352573924387905db3559b96a8917e450ffd94970be5c3314f6d60870df55514accf94acaca34bee4d2a2488f26078eb3e70fdbf4489a095bd43c33cbf769b07518230da97378748997a054b3ee421e2565e4daa0cdbc1cf6f001607a221c004ba9cf48e0866df889dfe3a9067b3b222adf1a334731a7c90ae8ac0e02b3acc274a3f66399a061cf2193032486fb9ab70b9f18fcf94327640dc87a4d18de03dc4ca210c2c92ed83eb35c283e755ff732c59e6cefc14b40ae99f1bb85e986baa13bccdd035e97ac91cba5a72c9200c7b944640c23f58a9e53c0a30c2efe89e4b2c436643f85fbc3cf1bb284556fedf9b9c28509dc80c2b95873f43d0b0c9bae2f7d76a53cf3da338f7262512aa0a32c8d566ce6038d3d33498a45bd92b2a70e3e53413fc2fd57957020c5369b6354453f16a1eb965e4421e1ab1c25a23cde27c0f4512b0c85743a3d8891f9fa23360de11f9ae1a337f3be748a069694984c310434e34d3a232c07fd43072b8fc976c962aec1c7e6b7940aa79820872afa536fe061fb80bde034e7946358241e6d43d515c16ef062db7808a14626d0e28c064355b3c37d6ce9b211a41005d5bcbdc7179d92fbb33b3d1a6a700fcb42dddff53152ae58e7924d6dee30e188f1e64bc88f9841c2c877a48428a7b85c92c2cdc59e6548b13acbe4a38daae1a5319177c97faf96da304788e1558e420dc4b376d91b0b6565b9402d78a29f1aceaf6446643a5949a1d25e5c5a6e0da4785bad194e3c3fe6613dcf732e970f7748655ec9ea6d20dfc7996e3bbd75f65607547031951a18af811a44baba3fbe8b639914f1c49bf89851ea4a966451521cdc2afd4b494138ff539030b507fc9285e692597804fa47ff228126787969ace4158b807fdd7bda60c2ad782d391d40003f51161f7a8bcc7502f170d300c28bc8407ce19755999a2d6834752c3a044d637d414332cb3a80dac473f19fa358ef4adfc7f3ae756ef9d8d164d14e13af3bc559ab4047bf88f2dbe9329bcf8cf0ff444931d389b44a22524b29ac4f061d7f67c332272f5ca29a0a337b8ed93ea399794b1c4f585e5db7a62786444b7094cbf27d328596a32c9780e1037e69d358a852ccb260ed3806128647c15f7229d5ac357e49272fd788c95e0a1db2babc646c15c197d6bf6c26f6177cf9425749be7a512cf96a5d5c3fc36dece1deac860b722dd82a27adabc6990db4064035ebd920c902c1febd997463ac37883c8b46e9affcb2b1bf9e25d3d63e7639f78a3fb2ac8b3187ce6343d3fe98e2f14b8ce03572b6cf9326e45ee14e43bfcdf5e383e5482a5ce0ca9ed3f00aa944dedc20a4041b494e4a8f261a76b39b9b2e7d66926a38e65e996323ea0fea8d76f78e0f87c0d32d1424f45d035b385a802e1e211c81505e4695f99b8b5103e9ddef81b3b02febee7a7a7a1163d000365cadd310f466a67acc17404f7145428d1a682dcfe102c5033e9daaf92c648259710021aa2e496bc23385b1c85579a4e1537492a3a4712ab17b0cae796e527d047604943ac94fa23ce68d54f3638d0629ce68488dd9d58ba4c74772f677a4eb2ac2c5dc773d6b9e6c5ff88ba76551cbad3b606a6355463fadc3545075f428fb8188e590a8d36e8c564693852d5ce086df8a4a9557ed624a02b162a10fab8a24dfd563a377a96d5726e0cee0a1f458193609f5e65c9676436e18f472e0313ccd823ac056f0fa828fde086485a431b7006c520cf88969f781d2e9c3edc30990862c478cf3b1211f00a526b1bf66d5f444f40b4e28daae541a265dd76fd425e64e690c70414a49bd4ddaa9823cad4e645c0c97d098ff4b2715d8d9bc9766144750f1ee79edcb2056d91c404bcd01b696a5f8aeecafb0cc7fc78cacfe0572cae1c3f0d8951031120e8673a5bd0c93d9cef99fde22497c4ed5018a641280fb762dd482f945aa385be5de5ac4f63a09dc26fdc7a36444ce9c920bd9b9b72dfd484547d317697f79938565d3629c6448f641b8b2ba43884b141462591f9bc827ce606c651e7bd63244f50a227ae33a0abbe87e01c6079766be58f084d8b9b736dafb24a0b6c3b24829ff4b79366d3f95b03d8fa3efc831e2a2cc4938111693739c14fb9e1b7817d27facfdf17758a131f122e86b011875fbdffabb3d4884448626a4005baf875ec22d8c6d22de561d12faab51c9d313df0dd93c3355efa09676f9bb5c9fa96e81008c0db0bdab2ceaf2cdc4e2119c6e97d8f6cb815ff83cc39b8ef2978a49cfeae70011c5993953b80c3450af9f3b59f3601173c6020ee25051d1a9ea1acc7835a930232b9e49cc5c195fe260e6f1c8bb2f2eaa1b938c591113ebc84e07752d69ee90bcc774b37882eef36cebf360f6affd9a152623c964144a75d49608df895a81cc04ec97012a490b8f8856d217c749b17277d210834a5578144508ae7f50eedf82c7dd22eeb7e49e044a6ea5e9d72e4684a68b607000e4082171ae1253c9dd9848596f34f862a2908aa3692f393b59340aa195413c454f63ddf71af90735fa42abf3c24e1151870873ac2fab633a5cba2d7affa6a9bf909bb890993982008333841c3861934002e3b71e0af803bef0d91524e3636cb2b8df9b25c3063823c114257a4797a9ba082a5383e163869cfa0c09854f9bdaf1a58fdda3dcf1262487f70fbdf1cc4ed08d4545e4703cc99fcbe9b2f5392300ad04ad75af8c25b602cb08bf9920d98b2a8cf4ea7eaf745fdef9beb8e162a5183517352930df00009d7abe0ebe588e603af30cf0d31ef7620c17697c8e8035589709210a7540898effdf06b80ccb245922346f2646dc9c8f9eb1bfb3eb75a7e52e4e46d9942b5bcfd102aa1767d96cea59d4aaacdc567b56649c81e4145a7ba82980c8aa5b54107d0f76e89d036a293c28dea9378a1a17e48956659097965263787052d34ca47c43f08d43ec140d071b3b1a9bcee9ff3e3e1e4fc241aaf5a5940c4347e02bb59485eca9f96e15ce39e045b7467f813b6e02d776c0c3b49110fff8380e86f14a3a02cd36b40fa132a9823a1df89b765b6d27aae9f24fb1c234af0a4e236842ba3cb8b0ed406fa8d3959df9c3ab35ecee67c419a7e73ca2ef3f2eb02b195fa7781f50659c9dadb906c45138b686b15d43cfd40ecb9817ff686b4d86fb9e218caa39951c2a2ff2286074848570ed2ce52bd80b35751cea62641f37919e0950248cf8cf53b120b5f608ffa46035865fa22efae49b01e8207cb3b448eb63df4615539a899fb506a413a6de228b7110944e6f43ed5273e6581760a219eff3705069e703ecfa38dad4561f6e510d81dc162e4d887b414b57bd370fb1e177736cd4eab5101cbb2b29df97a9204ded22acfabc09c6920d2611824301412cc6e97f1b5ad47369d1b31c2e9d8640ea56fc4891cd7112b81d4fdc5ac9f8cdf61e7821d5ad2993b8539b089d8d388024b5da8f1b98f3730f7e710fd9b9268e44e510a478e40ebd5fb41d0828a0216edb6b633e546fdd4579a75a75349ab9315abd23922ac140978db993d4f31a76b2ac33c8b3ba4a7b7b1b8083bbe6c57f2805e91e3abb61f643df2a051e7c5016e8cb3c7e32c85e3a6cceed4b3bf19233f99c7473f1296620cf41b156674978489f19db1d2d7d7bd8880ce90405874d7ddd5c0d3cdd0a60ba15f52b71b221ca9458e041aa6155d2babc58c95740e81d15c9316fd3a0f549f82e515ea89626953858d661b58f181b136d8c72f344f97a7cf542b0588f08e9c0f5f6ed0f65535fed6647e029a2bf8644c53546037c54a0522d40ee79131df8d9d9d626d2c4c31e6acc584bb8d6bd50e1624f944f5ff33a6871ed0042f1eaa8128bbf43ebfc7de7fc649f4523f2d25542be126767ecafa4f8934d12a7eba2727104bea26dca89c6226d250258cb69924238b8538c19be7c5225472ff203f55f01eeba75fa7f35c0c9782296722d19f2dc499d89ee5ce5ccefc36cbf876b05a5c7f5f18aec3c272d2a43cb138bb71f1c8842ad1ee705b60c3c4967a7b8c510ccd9bab281e00919ff99325dc5121251682ef5528b18b57de70b37e63b4e01ecebab1efcc35923d81bea7f2217cf2bbee6fe64dc17a0a414aa0f52e6f21db1c1d7e48b7daaf27eb890a3858e352c096621de033ccc1303ec1014072f651da9a03c02f4478a0e488f11e26e5000b97411551857a8c9b3dac0bfbaf1e18eda28ee545929d9cf7e37eff7b19450408f89c47b765f7fca3b563010f8f88750b020f64107df2fa7a9e61c5c6f3a0344a00ce9ca78fad398f9f7d00f7b2a2b1ed5eef5f4cdd846473fda0463c9ab78ff9b036462ba18efe66937bb57c895c42854d8caca5c885e291ad76a280a20d9ae1118e5fc78bc474b3a0e43da3310d37b285116a51f0247fb59cd19406b2c5d9b5f9b00fd4601fdf526cc786d9784195ff2360c1db86a8e96c4357371bd3be26c8e67d5ffd9a2ef8e5580769e4122323f752148ac8a7b58a1fdc0beca820fc19216e07cb861f8b4247a9bbc8e07118820846db5c8ba5ac5c18dc692562ca286c306fbc77565825da6250e7dae123ddf9a5cc39243f7f0b9b0406b65b39e23451a7ee70c8f248887fda2c5d0c4383a7264921d79bc50da1be14ded7940b3bc9509ece8de966df32995aa7f066ff5d2a8ff0991edb3bdb8c6e5a0ca77d7ba084b2a16826ff57bd4acb4858d958b38698235a384ca5eb3fef04b943f6546df7e4a4f706d556a1b4418b5ec7dc55187077d5d4fd78dfc1d969e690fcd291e3ef76a10476c146308bfb411042698c8873893c643e566095832070a76169fcbeccfb28a4c9e81e2f22109948dd6515831d2e56a43c7687c871dfe5597e262a22870e6af7b0935235012c84deb4d4c2dcabf790ebdbb3b27dc538d87e93cc39f097af2550af7ff29b836b7e3b20b6fcc8320d47af28c2c6fe3e55ac5b2695b6350636e35dd24e8d35ad1ef141e34e30530449ad8749e9e57382491a45b21d03735cb9e956b2c6d68448abfa1af167625b3a9d3797e6d7c71ec7b43a318011f3088a83b243f047b26bdaf6f03c3bcfe03530996d866e3dccf32e47c69b942c03579cf34c15ff5178a09239b3d5638077e99b98cb4fa2d8fee5c15ca176fd5facca40396e8da238d5565756bdc48209aeaa01127306201498b92b2c876a36a692e27db2e848ea0209a17c2cf8abbc6f5561bb1c1fcaa49c2a5103066d2b142548e1dc1336bb3009750d56f2458aa9467bc3457a56c231926ac77859860a4d89926290815f2442d656f4d9fe61415b931c23e62a5667f61a6074bafc37b76a3c63a89bfb91fd248310af2fb3eda56d4a2adecbb94cf1c339112038f077fe2cdf4c90dcdf7e53c47225c00f9415fff4521a30755a98e3326eda65090858973c236b518d14f64a2d00a1b266241a92fead6ca2e63f25cebaea1f43655d83593a3edad8aebc8c736bde0e542d678ea4220102c36f285921c5d272792622da77ca38c57f35193f12fd27a6cdf6047172943f222aea5ad78fb7e6f76d8101236e786804d02105d13e0a4a47273b405f41d081a9749e4db6b5513e3d0a212c3cf4c7c8f4d3b2a97384e2b6e80eda10c76aa661a894cc0422e4e13dfbe47dc1086a86ba8760328e84531f7490ba653fab04145dca961013d4a158a0b5220a3db7ba6221da7ef51f8656a9879f58d75efbb4acd28173065f71887d135fdfa75639bfa74e98ddf24ef05603615d3eb808d6ffd758867e5b258dcfb283a561f2d02472cdc636c1c658ea943a2a7a2254c224ff830bffd2641543bddc79d4b9c88b363d18915fa20f765a2d1665bb82b0d5f03ca389da21b94f0fbaa3d097fd48f40d40802bed57d778b475989cb0d49323bb4f9c511e9edbc1466b73665cc7408d862323897406ac62cddc5fcfa9943a61ab9dfed54832711533fdf64602cc72a600aa39a3a27629fae329fcb416b0fe2f109b32f0215577c32bfae1b6d4c6122c185ae3b141a8339d1eb9669ddc648aea9c0dbddbe1340603dcb536b4fb7ea06b3bf7fe2b4a7e91006a28639fe0011aecf8e4c350da75c9ce9e19236104876aa23bec87c489699d9f377f8bbb3e42ffd9f858b4b1d7e51145a80954b750a6dcd2d72d2895b12dd4416476887ec249b79118bc1e5ea35d3c0e06ea90f4c4219a2e72e64a838f1e7e191ad2ac34c0c9bf3fa344bcc70b8193f07930719f3deb1d892eefa4c750ae70b1a13a191f5e65163f9e768ce5cddf5a69172d9710ad0a21e427a082f5d3e5da4367573fe9fe3b7ca96d193f5ef00394ed4548a16d3a5903fc09d6befa938689b8ba83ee86d353f117bc0f095dfc0a428f0d71e34af3718acc865a701ae412b8f08ed4938c5fe6148c8ef9ab5c2b343540f10af22f002a6733acfbabe1d15a6686b94c258e6810fa67a5f0cfab7bacc677a9957e5a72b4607b92ba655e46847cf0a4bee4515d59834f0fee0d8f5c47a67929f3f1c95ff1f42299b8faf06174cb993320ace04747b5b99ceae53e449d6dc3ce246c3916c05a17ddf5c2f72993d3fef6312ae837c0e5ed52bb0a9cccbeb578bf8700a5d766ed59cbc04bce27f7822cf06b4dd7b8caa13629b09991a40403aa88f0547302b5fb3b27f1a126f876d2a2283d1c4108f8551915e98d07ab178cd5bcdf414c89cc6797a8acc5412eb784f4db56b585d65cd8fcb770051f344a04a35f7cc661d2347f15188b6a71be1ab6607286ba297924ddf592dd173b5510d11800f47d738f968de8b4c6d76005a17f7e73a33c216c5e34c9838e4154de642b9c3705fbf3f8d4b6be2a27a6a08f8bf3f1e5d17df0d1467efc23e7e2f022e480a9260f5514c76b112a16649aa3650d9b8638c9ce446b279dc0ba697e423d1bb36e4190c8f148d65b0862642308d412f46f8b071a66980cb68d95f4e2c6894487a204a76451ca2896bed673e8e82f6066c7494505a4e9534141792c522e945d0be23d887a799ae4acfa0eef3fa0208d35ecf2c0ae4faf5fdef412313d33bbf28acd0dd6c47129d186062771254e02d097daf4d363f707cbf3e0020b465ebc28f54560c14f9b918552b15b8566e8fed0cb4e4e2390896642ed646c97b8e6eb56f3d8147e8d7a92af2be29f34fad6042680471d8bbcd9e511f84bc318505d1361fab50df669b4c6b0736f02594d5ac3586e8264819929b29f8edff992c86a049a579ac3400b4387045e195611577522a88c552d1bcb1f5118aee8f26d2895d65c7babd7f8658171182764d13a5eef37082ec4bdd2d155bd08d63236383a5f321f54b54348288b3c49d769bdda8f316b7677bab68669d788160d434eb00af1e001d52cf60c587b5fa4337f7dd415c17735a0ea78494fbdd88f3adbab1fc5f431debaa570838459187005d182970ffc03f134f59abcf9a8069e99675181b92a8c4784c19ce5c58885fe43fd06167230d8d7c078d2cdd192581f21bb754f3889dbe73bfaf740ab2c38d32c95299a155eda698a5159a126dd24b14be408a9dce2a8f6e4f84c81a41ca66054b011b32a2be0947a2f33200efadc9f5e64d6800319343ea7e0019fbeda471f41c6c4db93af92c733e01f95965e31df7e4bcc378299e4d6a9a9685d7b541206d3eff0d7a9dfd99bf431bc5c02ce2cf5d05557ee7e7cc80cff5d54f1eb102b505218e3a4ad12b50cf7282585e09db100714a3bc927a0c7ac7f53b7e280b1089536342d9da9beffcc824f03cfd88398d3c8a30e20219a003d26f9e19629d76b6cb5fca108ad323741e1714cd2f9cabe608f937b99956fefbfd475b4c2bde43b04fab667ba0d9eb143fa3e817611f373b9f20173491d6571bb43d5255903aac3907c77ebfd372b61fed24979196abcce3bf7b68f3fab4be75db1d307b562334454218a4cc2100b6b8e0627e108a35deaee6bdb0dfe898c192689ddc78395db49d6649d5a387bc8cce8e60cc5622c66282975b7d35fd998b15a97dcdd93de7fd6af7216d11f18de9a43761d5627bc71ddd316c7c8fd82f31525303eb0468e4571e88fb4dd5fddebfdb6a5d55794708fde2b7e8bb24e6264a42e5836dce19f5b6c7642725e9ea956ba6297a28a65c8362bce70a29918eb3b3cc4f304c528a46ff86d0a1b216ba242c1af270bb4da44faee0f7e040f3b8043e421c850d829e39a056a24b2049678243241c8e686835d57adf48d2690406bd409b360f6ac8af3dd00c13779799bf1e5462785564712341e404796cbca8073e1249216160727415586886e0b490543220778ee85486a415a96d62186db278d449923441d3552764d54f92012dae7a13e2cb2e9b876dd94815981c41d46e825a1c769044771df097072d86f79a7ef6fc1a2e51791ef6cc1091e670d0260e309ff72bf81c83f0e19d3acda6acc495417863cb6dfd2378227a1efaf82c3ec308f72be020e50640ccd36f3519e8c12d2e6294067e31f6e2a79fdb7da8221c02823d6b0aba823475d1eab12926523254f4bab68e5edb07d7d81a088baf66ef9d57e121fe7ac98af5e05fed442404c9349ed8467ac6677545d18afe4ee84bf0e082ed976f59ba93b8e39b5be0217a3fe7c29867bc51b0aedb684bc19cfc875f320fd5dca4a797fd4f50bf2cfb5cfe0793523ab96ec290659c347e953625d1a2b1a6dabb8ec95722d7334d964214249a7f1c34386e86e74ba5fab0ac84744715b76f3fa99e4d76916fd5c0c7594577913a7e49d9113bc3733f663da82050e18ddad9202c51937f21e6b83e56aa960d534eab2bdf2b5595d0eb0fd90c53eb0d0a248efa54b60622ec60d367c6a7b58f069fe5c39a09110e1fdc23c78b34e421b79f63e49446c2b9495ced423379ee9675eceff039cecea96d59f5d2d1d177730eb71d1f1a5492daf503d84f66c7a635a3acdd354a2e857cf39aa027920192ac9328e132b04e1d37bc7dd0d3d9c413e73236c368534fb195ccf6aa3dec10b5e02b2a012ac6c69967091b4e38979d49aba29d208c7d76335432afc38d82ee26830192330f1bbc45feab7fdda05c2429365be3e4335002e563f9a255c50d3e90673a339c978f7c63caf189bab33f8ac2840eb48cdf2fbde2bf0f3d7aff6ce2a7254bba18a25a6a9647c1a2bf2672cd5211ef59d42c358e355430c5acb3bc56dc2d18b4d5807db9ccdeec97a706a4bd8da886d32954c14fadcdeed316514c2000ed07ae026918f16206f28555420bf123b535ca43e1f949c199f40344fbc006fcdeca8f7f2cda38e2ce47fcae6484db26a0cd8effaa0f692ba374892c86fa35286b00c01385d3bee1a11d660f485b49dea4891f096b9f502bd4af5354e50c7777f3c0da2f64471913c2d9b79bafba8815ed64892509b682b13470a6af4e6baa8f7a64da07c56514629962354e0b76810507d0304ef85e400ad62b7be086cf677f1939dc0b633e58cb78c69df7e274c9d2ac016dd2f525ccbc57476f39e114dc40b0c2536155388b5f3dbde8e614ec6083a5c49ab1d0ef95ac25712fcb5f120cc377caaf8b5095ab563c5902552eff1f2916f4aede40c255efd18d467c1e40b58b731f9ca46772f581000e63d873c9f077ca7a2f5743de2c4f6a045b74dde000d6f777e3b7de77a94b34124b7f5746f4f0ea387ec218f46af8abc51ed147bc938d73ac35b620ae829439ab381459f1104bbcd165805109144982e7c505e55dc290181ad1b28ce91ad29f6176b11728b8b4a9c79d11e1dd793560b267e96ca3bd5a7749f7eecf0496a3a9ae3ef958f1576bebaa6f1158201744e79ebc44537c66b5666e382dfcdac8fcb24dbbbe66bcf2ca208a6b67338d4f27ad7abe8ce15c183eebdedb668df650758321d5eedc38f3e20865e78e3ff15005b8c2484fe8d65f9d802f58a585ec415a4d28298372f5a5c4f43924cd24a4fbbc491de019461dcf698653b54d37886e92dab1f53205fc6902314bd68eecb51fc956db8058c4f1c5ba95aa888a93dd82cce9cbec7b0dd24ff64a02d044295ccb05f2f38f1f0e88c09d917f6812bfdb632eb79ecc6ab8aef2c5354202ea261c6413c406c2863f51e7ea31df8e7123b9eebedde54f5f5bec8554023e7dcb97ff409dba4920fc3f364c7f6ea5ddcd3ed63445db55f3749ffebe2872f80c6d540b7d2a41933df0d0bbf3e18994543cb3036df7cce94669b361b82387219f241b5d29ff177a0c20889b4d60f3639d5e75218ae309a2e88d5b255dc6bf6df1f423cc166337f67ec7780ed15faf714ab085589f0553cd9feea4b12d889dd8a0557eae72a30077c0a51fd74799124b79194260e7053ac1b1dcecbe60a40555652729361c2b0c40258e88778f65478b0f6177975358bc521233469934bda5116f6571aa2477f5d1fc04a2028a18ed82006c795d2d5c5be09e7191e3dfa3b0fc354e83f8319f28906e334aa61def26efaed12f856011ebf02f19b9b6a85b8fc51a92cb0449eba0b1aa1905d6315080fc7ceeb2e9bf4a062783b7ba2698e665d48a5727a2ecd2b159984a60eb0c4425f0958d24a67e79793d8048d2c51c6dc31d1da3248331651e81945b6709f7f31bbdaa475d764609e54c1e713dfe3980a55b99f0d745e4adbc468e586f863139b723432a7d5e3d235a77d7d100a9e0a82ed370892c537123229be2d914a3c005ec872d6b5487dac7c576c78e2d326fb1a4f3d6e15937b18f81581666a4d5fcae252f8c2dda7874a551433f67be7d2531f7b9c961dc6ae06951c0a9ba25854794b515c9f3c6c7b362d8cd6147e97c3b74f225e1949f49e045dae89ecdc71742964752726a90607800a722c3d3bfcbc3e6196afc37205d6c5cdc85560ad9c285e002d5b9e9354c30909f3e6d2f73d2e604a261284de276b47a7758bc50fe8520000fbf1189c3c1b2c1351e653b0f15b9099047bc39ed748bd11368d487258d468a7d1e9c7a3721fec20e43a18335a9b54332817b2482a9fb2bc56231897db189fe482867ee0ad7f9a76e1b7f390ce6c169d9f4c64cc40cec6a7675e707386434974d8e321f7f4ae5245f7bcf7c9234db716e464529881f7f3324e712053cc00374a6bb54ce92d1a107d0d3c8f3b9f75ce19f99252c5d70f4fe455371efd110db802db28819f9ad5e3c7611e5b0dc503049ea7532faca027eb5deede5dbf7c1e4f51728e881ef4d66bfef199d505a7f95b3b26d08487fbb82290de73e82922a585e93c38d921c81c0789e66982ad771d49a5777b22896ef2e054fe8deaea9ae714c442d5d813a9051234fb5f37197db490a654ef5095e572cd87ea857b5e677759f060e3f8b1289894b3c5c0c22a1526377d920a7fa0ed013a4a22e2a9993a8efa32077f687be3a58b4841d756cc12a65c7801d32bc13c50697bf74d5945c3afdd39a276a9e413785791f46c203e5173a53caaa500d2975ff3714c1f0fb9707789572c3d5edfdd3ec32b1bc1c17138a254937c6668c2f436a56b0fea38615d8833f5c03891daecfd24348d6cc8e8e1678b38dcd164d61f1960f9770d235dd4218223eeaec6f6b8b36368b6c6c6df158d8637158b9bbaf105966688b49fcc8655fc2ec9a940a7531b93a3febd4eb165e2f64a329798625dbc88aa3f5f820a32d92c3103de4ae61820c70f61c8b036e1b5387367eb570d3ff49e62894e827b943ffeac0887fd742690a6c106b00079e05f71c349642508d529b18c111500414f7420275c4f70e14212991d5c0364e053f9138dd442ef7c2afedccee2f497f6c13910338b4df75e621cec10bf22225fe449bdbd7782696b16590d431465f821b53922b486e712352f6a5160716bb576f3a2c82d31396769a3db8d0761b1cb7fbcf3a4a6d4b51f15e3be6f9f357d2e32055f8837e03abb21b77297cf7717baadcda8b2b6ec1a0a1267fc5b61c4d7f93825913a2a82d9fbd673a91e022ed8bc8df8a07c9f738c6be25ac527a0bfb9f8667960d0fb40754aecae8b28f8fed1db5c4e55c5b6b4b4426e70f6c18b039dd0fae8881dd153fd996b831fa566560ed4edf61511b676ba2f467a924d18458b821b04605a5419fb56a0f9a17aa0effdebd01317bd33d520b2750a25e533ce8feecc15ea69146a3ccc2a76ca5e5b4859b2bf5dfcc55c4589fe2d09ffe6a85635de637286bb7ad68b9b4814a0a003425f96ab375b99bc885af6f180efc565470b7362605bbf7779b91d7014b0090ab6316b6061166f185af33d6255db1aa06647d418f8657df812b67c535fd0e74dfef677867a43a674a8c66842bcdbd913cbaf1bb23afb2d36f1028e259dbf739bee47a3df73b6427100dbfb1f235f43d7be6065ac397d4958988e07deb1675d7d85045741732e4f0e3655239ac8d3a622ee1c9fd8065cf26a9f5a814d438466ce4d82c2f5709bec8afb6cfd8b3ab33f1c7d1d87af1c4514afaba5866fd081687c41f3d6afc2aa33a9c46659c4904a168adad0c5003890d66638e6a1505b91e57e0da41bdc58020cdda1763fafb5ed2a93a6befa6d65610c45115f333d45ee238b4504bf97b0734dcc3d74004603a3175a43dc7e2c61700e3218791c5dd085d5301f77ea8ef3101bf20dd2fad55eaa32adf9493f3282b4c6e6dc652e3bc5819ca286558da6b49f2de127edf5c136381ac516d56ffd784174645d3c0ac4186cb9767f760608630e1b9292fef99d29b738f1fd0db368458b126ae34ca38c61905c46e2e59b11b1771c60e26c568c971677f7df88eeb6de3b5cd0d82023bd22f1f0262156ccfb22e5d17328f8fb03debbbe30e43becacd20508d2c5e96334f67c815dc0ae45ea24f3d7fe32290fb646712daf6d0258dba6771e35ce31779b237dc2b30cd92074690c4ef39a6a15311f9322f7d78beceda61f851e228cd1b50567ed298cfefc965d3baf43c06c9f45d45619142003035c5df3129a0dc433c7d4ec98ffa52660e06449f5fbf3fcc274f870b45caa57938d4d8714d41abf895f21ee513e5c8e430222e84e6586a58ff5590de7ba50c3fa2482ba547f73986e9873265a09026145b8f4b7bb673a7d971baf281463e0cc5ee609c9f14add0a020ba5c05d80b04c5e6983cdfea5f083e96842c6bf583400666e5c2dc643db6b53f2eb1688e0317f6472f555f1c48fd26d47ec475472b921ff9d68549a8fca4c95565a3379dc07fcbc4752bc6465cea7152fa5440e8fce59038f04a23de72ccbcd71752ae44a3133f29bcb7477489dc6e1dfd8f2b4a3359ab531704864c8590add349ae41ca5f81b9d010c6cc1b405720b0e2dd1a9a9e8648cd85927b35baff7add9156bf710709351c84dbf6202674496cff22fc76e053bebda09a48841d6a55658f661ab7892a3b907846b482e5ed759cc9f10dee24c52007a7034bb90153e550f96fb519606d82d6c8677885b906e4baea93229db50d77b5fd5ce6c4c97b6867286dec0e22cead4907be8898aa1df351dd308ea7ad57b96474c44f33836c857da80b7281682e8786c06dec30ece0802ea2664b57dfb6435253b39f4c4b8b7b7db867aaa4e91a9a9ded70fcf72bd4e4046e29bfcf9e76ab376c33634427c1c0f955ab0bff3b3fc9bb6a948272c53b27b69f52f0cedfb5df16b9f223e9f90df68f57c820b3d5af1f68e876fe5fcdf05930a98aa552957818e4b8cb21322719d2a1c30bf4bcaa005a9d70c6e15d2b16f16784e686aca07a599dff5775f46b37480803299d03b7f7564230d054ef890d3620768ad8dab86a5cfae6005e26b1db9651d701b652aa8569f4933fd1fa3369f41db4e45d6f2db38cb4b0114ca134ff979d2eaca34320221caa12ab2d1c1536fdd97439796d8c5918592b3fcb65dfb11d0f6da1461668e6424bb4a80f6803afa4936a645cd7e3b1b0813b6db9638c7caf0ba6d532f1fc8efec697d8e8648a2fcfeff0aa7e5576cf8693d2f21d9fda091377302dbc2f68348dd9197c0c03897dea1a41314693735fac197fbdabfc7f8cc8edb34e5139a2a3f677998186011c74fa4b0e281c8fccd40db7e23cd1bb741a66029402f773a8cbf32ff60ed8be0fa1df3633dbd136a6a46c429f3de1f9ba2aa6f4fb7f919e39a2fd459cf60ce2f290798ba7a55ff0721523e3e16dea716868f029cd2e1c1e1473e9551a6ad75ed1a7cddead662f5e92e085410f208e28e3658db9ccb2567115f51cc28d25eae5da0fb2fe9522a950b9a04c2d8a73b8c1b84371804fadeafcd7d8a932bcfa0550516b2f67d26c44e2b4a3037f970df72424dbdc9cfcd8e1017ab17040ecc49171aa600521374aeb467c54766a386cd8164b50039c74b9934044ef2cb535913bf3cb2f33df42da4f8dfc712d08fc3c97d01a19ea03eaa62ffc46e419b38843dae1ff2e4b9c5d4d8f4596901704dd613e8e546fc423df3260aa6634288d0a32e67a9b5986a071880fcc84060cd11f71ac66483e4d54d2055570de004ae827003b389555dee6f69e76fafee509add78cb600e317c3ed47a53a8242a81c43ff112af08ac86b6a64cdfe7a12eb6e840cbaf53015254f5b858b941732ce23c5663fac817f5b314459f89ffbfc8a7936c7a0d7f9948732abf637ab21fa67ec763a928448d5e814e601307ebffcd576cb1f9b05f81bcf834cf40c502a6137071347ebce0ba5e1069dbae4ba460bb9d1f2b9f9ee6526166aa9e2256a959994596f1df0f9fb49de60c1159c7bd2e8b40e52e772dcc96721a948b44c2fa0971400693942d5b49c0e766b02ab5816f36c7fb01ceee02b813ebfa522cc33f1387969838fea0105a967a078954b03dce07a7b9c1c96405add237a9403b7fcba1a88cd6c7db7ef647292edd0cba41df3b73d58fa2ed13c2c66d2d7b663fd95feb3a45b37c0150d3b8fd0c7a72aafc943547a69a8db16f8835651fab3bd2627414aea9c14cacec51f53b8353980ab83d42e9953082edc09c4d7bb8d574048074d54294e7943f8d6453dad089bc36eedebe9d0dc201720ad89131e313c9d4c5fce9626542a26d545caecd27b31771548cfe6cc2420999000abe8172c279da4c6fc236b11b045371a69a28ebfc4073847e94b6ea3f1d7a59a8d161eae037d87f5d22ce194b62702cbbd230ff0e0bcd51fd4d8cf956b3b10f66ff78663597349e49f53dd0ad6a88e1ff29cd8e6417f59e426fa2e431bd53f77787e418fc623e34c2174cb0385c8f547435d817d8b7771368e9d7ba6133ed26721ae37496077c590aa5b4a9144348f3bf847ba5ea1e9e31c2d35d9437c29200a5125f6dbe39f1d0f35c786a3fdfa1e10b473eddd5db36245c32b72e30522bde4b9462b36400c8d6f1a87e4242eaac1058851a2f7e3b62ad20f630f58d3d46f4db53d6042018e03aeb05a4164aad7468b64f3e00f9e62f4c8a9dfcccd5cd676ec4b18b45ac1af3f2b27fb75fcbf1d8a249e78ff8b72ccb0adaec631388fdbee8f43548c18b9631468c7210aa7bd6817cbf374675820eba05b8393a21cd218f976a45c3634f6717fa945899729cff0779e4e60a7059a51510e20fa4cf1542574664910ecf3759a5e31eb977e845aadb0c1ccbe0b9b7b2b7ffe870f683b1e869972020551d159a605e8739add03f760ddc267efb1d531d40c4dfea81d4aec4cee3606a8fccbc566f890fe2827241234647a98759fd63d23d1df94d31a08706beb4a8bb9511a216028304f60758e2d0d8d739d650ad769c54c666d99a0fb899834e968fd04593a29ae2ff01c08519ae4bbeeb83aa7a9d6dd8ed8ab45b9661f3fa873e16763a2a7c20933eed996461ca148332cc9b9b5f351281e73b4480747325e588bdb7d9b4e633c9ea5ae1cc1e95238e92729ffb7e198fbbda6386b6fb517be06b0dd41946a2f763f47603822f1bcb755e1e9a6df308591826ee60f846fea81fc2d313e2f62a5c5febc708588c1f223460123dca441dcd72a822a25e762473129537a422dedf3298f002a2ba837ed453f3c135c12c24da222415fec5c817a340b1fcb7ec553a2f915cd330538a210a25233eac9d7133b6706e5fdc56c78fedc1661dac686b6583e57a468d486c7c75fa3d0e9d9a90df12f99ecd709d1229b8b442c3f333a831fbe889d6828a7800b02309716dc06d80a7d1365af06a2ddee111e52f01b6cda554d02a39c9ebf8e3fd124e53e1d621a4db842db41a4fcc92455bc31890477f192bde4350cdbd107438082c2313b88275654dc650be62e2b5ad70834feafc9147eb54a678a4bf33261acc6c3b08f8eff0cd664bb60cb7bc61db682bdcf719c3a6bf35a1cf770ff298fa16f623bdfc8eb7f7935f58d7cf9489808b37c1d00e3758753db32a198aa5634e3880de57889f894fc42314936a22ff9b2dab000252f44786c868357bf2cdadbe73cb9ac73a0fe5517cb1193469fb4da0739a68eaf11730f123fa3a73e1bb6475591d64f37a6cc5099da446d521738d09c2fa4f85014fec55e1ca93ccfeb7a5eea28bc18abcf15c26135176ac18feae88ad7bd70568b023c47ea374d57bc7c72bac229d99c603ab51809c6dc613b2bb260b89bd03d0af0d9e73a18ed5406bca3931bf94570b9fb7f2d1ca35a85c005bd9389c5aae2430734c8a2a65d3aaca0670acf480b8f4f65a66281e9456c14e022fa0d3a318395d2b03a79f3048531dc9d7c1a381ba6f4ba4d7200f3a41da8b89ba2b6404f70f5856781ce0c22638a0f6e1389c844926fcfdb9041bfbfc9a450f69c67270774fb1d87907d2763a33458708364e947c3143923abfc8472ed124edbd3747c7abd69460ddcb8d5e32c3208eee3c0310c5c4004d6e8b6199b6800538141f7ddddece2585f107ca1360b69345906977e1bbd04d00984b8989d78402f0f03c8c86e00f325f66d74dd242969452add43711f478576269fff1aeb37fac32b9d8681f74e96353b534416a1d6397a2cd7ea156fa3c1e84452366afa83dccb4418f553aec5c4ba48ae1c61f5433b972ed36c41bf95518efa760d8139803c252267ea089031893e9285bc6a5334f52e92c254e17462e1c1e3631c4545f79cfc3f8ee511df8e63c3517c94f50341b2f91103da9d2674f04f11478c8207a58732cfd6f1a189f981bba14e8311b1758498666d31ec56fa115f018049897797395f321d12b3e38f0487c49f6bc6ec8f2d6f3a762d26a0184a193ae60a55c9aac59d9b107bc53555e7e506827ffd84f2f76a49f4784a9b8b756dda120c0e4a3b104212428872a4d499e3b9c09cd4df78946b269a541fb2accdbff6708f481c78f2fbf068f14148588a630b0394f18093886aa592eb89117c319dcbbe98ee6866407a3e9c7bfce5633ecfbde3aa5f47a42e44ec889265e4c9df2dc487cc92be21e940768670396031cf4671066167f61510a9a69609a0d717f5f95a4d8c9ab1ef17f16daeeff6cd60747b4c52d03fc548a19becb2b1520e00b3549dbffe6e4ad615971e849f1e39f63c3b946162bdc68f60deda77eec752f67f6f9f049ab6ff98fef92bd4ef3c83e16dd2dd5df82516e87b7830777cab14f6b1247c0d268057c81bd5522a984a1934325b23f2a96ac73862a6807ccdf1380e63b3f4394f303fb46eb03e140db9915ee8e6430151cdecbfbcfc5db7665a784d883c291f896c4161addbe62ebc961e70453032be77dd7f90f9b0b0c05a148782bfd8d4d355998dd3679301cf8592ba58d43bfd7884352de5c73ef4bae2d5a23cb83fada105dbf0913e98e204526ee25bd3022b29de62e023210d1173e71e62f8cee4097a60f10c4fdabb55d42be05f3b781e2d7160523d91f4ad1b2044f939e25663d929232cd821818be4913182e544cfd33ce698051513f448ba81ba18f2e2db4e2f63bfcdeffc33a82843fd41a6da558726d94490f63448fac3a7f59c021fdee3dcc7f03848b5fd65442cf7cf340404933e47600a16566c4326ab0495e3895d2734ec86a851862870a75d2de3713211f520116bf5edd421c8cf73083eded9a0aad6ca4fe899ee8fb793be9ced4579258bff49377d41c0a0a63fa3e4f96df113814aaea72bb423d95d8722116508136467b290d5feb20ffa023a815b99027a85d4cdbb67cf481a67797a17118cac4388c14ed21ee9bac650881d5ec0ef5308aa99d7e0532ad4f96e4cf1f60dc11136bcfe0dfa3cc8f9d12a8001b4ce3e94269f89f8a75fa41d023ca2e36de5e7e3c57060c0726c6157c5536778f93a472d206c6e61c79ba7f4e37324185f53673666abb2baf9a3e1f4f61f84282a4caa6c50d233dc261a60b91be4d15466b8e35405855767980e210cbc441e27b7264d66539e70357cc1276b90b62bba099de0bc220f1244bd7ea7c7f17fe16cbc25b93a4bd06210bb4f35cae1e06a4865690eae52808048cebc60c4e7b1f37401b0ad76dc04e9e99d314473ebeb4884ca9aee07b41801f0702240352412f57ee053125892c33b34e9bcf400280f5c9f4ed1a585d2c0221b880cfce1611b20cb60838efe411658f359be7583af6619d9921ed4a26f0ede50bf237f0b103aa75c05da951caaf111d6fb0c82c9fffc517f6ad233406f301dca03e73311adaa417dc6db20163dcf0512e82a50092b3f51afb8dbe729207095517f507c6b846ca2db2fef07914d56286545449d244ed37ca1b1a7cabe7718af80e997a56b354a71bcef2417be2abedc8d06b8c0655565d8a0a2dfcdd7d3c4475caae55b6614aec46b5b86130027933d016175b46514aa28b2082d48e0119a29258eaee13895391388349093140768cf0806f60a95d3e0180919bd2774d53b1af5c921ce0b1dd6f240cda64752899b8ef5910ffb631a5e7983dfa6f9dd621ed933ed5dee48420ff034dab796cb6d3751a6f2f9f29718050f27611a7963ada0870ebf946e0ab1363e9c030d79068c2ee11f1f65511fca4dbfd3633f1bff6a268ceb916d995c60f093c024a14db85497ca72a35f6962ddf5c569611a41caa188b034709b843bf2005d7e04d811bd04600a0c662262d850c034e821097e7284de2a900784007ac569cefb9ef2f95b4790637f8b41b495773898f0437a2569d4f9254bc6772c2e65c4f8701ee95b6be045b61b0ca8ced457689c7b495fe9da2f481a1760b1203e7906f43e0b3134a7c9557ea61d7771145e991e37075df4d9c1d11ae53bdde5f6bee76cc2caae4741857960be9ce712dc683f23847afe45d75948b82f73bb5f2fcb22c59613d68d112d5c94f71979301d60d67dca4e26dcb8a4448bc5e4481a84e37eddfe8789f50a16155ebcb06a8967a68acdbcbda7969a2268845411a6860882974f67ca0ba76c33ddea14e7d95e77e89e534e3aaa385621ddf0a5b9244e11935bde09e8657060375a1257bf1eee4afb8bf9eec8647fe09d570f3164fd22ef5fb729509dc7cc5b32c84dcf865ae4964bb7ee792d6a913776d66694ea864bc14869b72044bcf50285960912aed9350f1fd8b9abc55eb8bc7f823299821ed5cca159c953db879e80bb7ba677bf561c3a882f658f0d25eacc484e2f4fae454a2bb09eb18d1246a5787321d99a830dabb47e851a4562d78dd99f9fa141f4e9665365eff0b4935953f41fb7f210132653c8277dce4e95ba81a22367cb0069db0f1b9b64dc80458ed8db7b3930ecb09a504a08322e8fde8c28df6b52152f5cca74e7e6f5790d1c0b48d44a4844f4c74e04984d538305cdbaf237c22fa23a12ba4410f439a775951fe4b48d9fda39d8d6556feae8a0b3a05a1ade118b7f1a6b902609ca4a8c10a513ec304c773825bb04af47c1dbd47add1ef7f53fd2b7b31715e89dc5a6ef390ba40dbc77c4dd24cbc0abe2722f360685f051ec76a24c1b0f4fd5c099c908ea6057f90818cb0e5f95d2cad5e5241339c36e14c33fc20f5bff66269e09aeadab3de5b7a9c9c8016533f819b284dcc1a6e73e146c6989ac48101275f248a3e499651913f8ed665421b825130c2d87860a6cbe3716dfc552d795bc143554a005029ffb4a78807a887f391b125d24c2787f5b8c74d2bed62cdbd9be3b170f0c91490097adffdef0fc176dcec8fae3903102b6936ee20c898e1b84bff61d4c4e7d3761b096657a2dddca1d9ced084fb3f01c7fcc184a71dbb6c3472386d9023f2605c797012d6d57f64df64e327019060b22f2ad04c6ed646af7004d2f32b4cec9b369587ba6e5617c29af55cf6919a466759e206968e4a75ef3b963e3c416234062af31852fdbf07e0aa43bb0ab1979c8ffb309561cea8617b09f0168212969f30bdb23fd8963be0b554e53169a7cbc23dc1bc04ed30e7b44b94c47791245e6dc67c5c6fa57f17cdf37a627a5db741382f3453bef800af16d6d3d189024783b156be0d35aefef4670fdd98beacecbec0ea842abbcd24705cb3a0d73636006e21ecc91b68d88b48c1cbd9e21aeeeef8f9e3ab39549f7b7383c511577ab4c64135bf516ff7fcabcf00e98f57e431e470d0778f9076bbed313f0b8d5b48e2ab1abc1dbe03590aab262e215dbe3cbcf707cd4859687f14eec08cbf6d52ae5cc81e90183d156ff490aeb97c6b676dbc074bae6e03230186e76b89db5b150441f655c447c8a4b659b74eac3cfb68b79ad04637f83668978f1c6fc6b08ffbc9236a4b242e2f153004a350dbea2cf452830366e21f3eee90daa8a805efca0de486e2a4da3e6ea94aacd9f4b6995fb022160cf8ee0aa816bd40ec96f163b3935ea0a71fb9321cfd1b5e98c725cd642ff5fbeede88bffe4a3fd4e2ca0c618eb955ab4df96719ba9fde84b23c3104d5c2311d684c47184d2291b7f147e5f17a9714f0f3e1a591c560dea80c4818328dab9e84d049aa8adf29913afa6674e8708b4bdd288a4f918b2fa4a2cc598ecb2599084b71b5ffa28208683b08329becc8ff946f8589287ab9448102355188caad00b75c5b93c1616e04cd00b5cf80499f442ef1918aeef04ee6dfa667fff74e8ac252130331055dfebec5201610a1a0706a8d0cb6c16e2133ca2bf4449900da7473e215a59d04a93e019e765e06d3d6bdef72a6bd7321396d92443bace06b9b8b75a3a63b4e3861bd70d625fa1bb55954ed7ddb9eb808b96e95bc8fb5615f25df047622ac2417aa215b90c4a5b0ffc840e21963b7425e8d77d44c85ed50a5ac0efbde366666d4c24ea4963fdbd07dacb0152972f0014552402475b3353002db5e7084ad258a67665789be4a249f133366e2098fd9b1355626dd968a5db92134048c6d43aee62342cb978e7ac0fc337152f0ec93582a48b08da971c3619c8fa5a127c7ee391d6674bdec38b89c434a02da95299297d0ce56d52d220ddbc8702daf5d0daeb5a9ad73728cf786248e2f3e12b5c2b11dcfbebca2b68d723b138817a38870b7a6fc651cc294fe61a658f8cd3f3105e414f0cae186a5e83dbdec6a92e424f041c0e766cc13c92d0c83e9fbb903573d9faf7bfad73f6096ef72e6f5a01702a72f3eaeadf1b8199d0928a02c8f9a0d7205b7f24ccce3f1ff76e055edf5eedb797a087fa2d25f42d3de43b00099dc45d8c5de98eeeff50792eb63bb1e9b4516709412a4d3f501499a91d6c2389e449e726eeea8ce5b593c7637fb6801eb0b7abeaf9c58506c0c897603d4d20cebeb16da64fbb0e903d09093347bbd16d532e7cbe1efe26aa71e7eb92ad512f29bc241f25908b74262d7c5e5fa1cc837a6ef1aa712f24c8186f8825b1b0731781bee39961430647a76f2312e3c3892e2b23ec8512def330a7b4506a2c59beddcf3057a345d87ba9c37c0e63dd7c0fc3ec8d9725616a9f1b55d842923143c72fc631a761fbb25728e8f5a652125db7186b19a60bbc03b4eedbce24a3930c3ddcc90fb1c5c6607ff2204af7656132157f8b1905abd79ae42c044d3bc036dee28454960f9046fdfdd394fa9146f422d8fbc52af1d68b1b82d4f1f7adbc5b177c1a79225a26ee99357934d7d1c1d78d52154079f736aec9fa56179ed6577634966f288de26447e6ce97eaa14c6aa9b6cd90e2e2f429067306869430230f033bd729162af0bedcf7cb2159b988768c20fe6aa217e9b4816460a3ef0e1837053c0aff9e21c7487bca6f6c90ee7f144fc1dc18375f67769db23b14e3e63a6bf23dbca2d6aa2fd8081171ed42f8f5f284be941c79b7b6f6d597b7dff48f3b1b76d87530fbbd5fefa0fca9944a57af4d95e3ab6d5ea9cea289f496fda0c83046de53c0185a53373543ae881da940cbc451e2fbdda41aced4fbdb4d05cd34d8f55e56c7535cce520da1a2cd7a34a6640ce8104e39daa3cd436de6763705d4408051be00102cec6584303435a5d24c633059e561a8d48c0078b41f63e45f249819d5c2759f1653a48a9ac18462c268294df50bdbae3172035342b863661aae979f47e05252bb44700be672a99ad5904f73fc40b54a0192b9d314f479452cc0110906a245b13ecd14649108282bfbf44b6d0660ac03b3b91d5a5e9088c263592210760b4ae67fa2b5f5466d9f2fbe5f5b121f2b3b052ae6474954a6b2cdb131b6bf837c9820abcf30cabe93e305da563b04b0e457f1f7da66a0baf59e6b91d15285dc477e9ddd407d09a84a8214a6c280770c88309615772ec264f8f6b45c67d6cdd8bbb780e469822651f7ec67b0247730671012c7a2e5dd0c329e001a6f851f9c7d9ddd2994e16f06d0b2894b8b4a1764665438acdfcc644a3e9a0dd9d2d989f992b81e57a06c8314e7ab9fa1f5c6e6854fdd9939b81843ef33aaff1ba26d6972c43ce14b14bf6a5e0a69bcfe5adba7b837c89b16117373e112a0804de2a79b63ea5cd426c02de5575d9a94b41525eb74bb2121994c6be8d49481fe4e3350800d1893bd9fdfeb4d8025b2c4cde6f3bc8177b58d075d1085dde70772e8fa104b617b6d07734bdc46cac703bf83d79d6a9d5189ccdc0ce9c0c7575d7b4837f6f207a205fd70df98586d433126804b071c2d67f545acaaf30866448636f83576a4be5ac7d91d7c70785b211299fd24f4dcb2283648dc2066754f3e72bea839cf7dee28678ffbb885217f7aa0ab6a9fb8db85eb90d43942e6b94b1fbcd0e2109a49dd0b4f91b4dcd065d68f87aba0a6c8080cb205a51b7c4a32924ad23972617637dcbc3b7a47c21be880e41a814d98345922a66c01e6656b17c31c51997f8e97f936ededaec8366d106fdd344f8e129addeda00a044858b0107b76689162706cf5f283dd9e129fb7d2d9879f726fcd3dc25308ccc5b25846b1a12edbf103e57f3c86afa56d4fce7542a4f70a6a2a0459b87e173ed6f179ef6b68cbd8a0cb4953337092712fcaa77859d45e6cc0d1561275ffa5b3c97402a96402a85a9bce79910adb12825555beb55c268aaab530dfe8610ce0a202d1dfc383fa5a3de0e929d5e4f16be2105c86063a9e567c95fa35412553549669787b82209ec8ffc21d8d46afe19a5a3235675c274bcc9cdefa2ddfd2a483dcf72f2e2cc1abd7205039991bb6da6acb7dec4b7d112cd275b91fc2edf9d339885e7e5fe989ea73d211809722b103d4aad117fffe179728dd629d72e6d30847594259577dca9766fc8234afaf4e0cd1e58765866923d33809c53ed5a144d0b5964cef1c8b5f41bf0707711a660438c454d56021c1d4df674c5b153191b51c63d3edbab7cbe5887d75e8861cc354e10c0128afb53b83bf1238387fd21a9946eafa13089e04283beaf435ca74f5c89705a2fce8e78788a6f90fc9f3debb8a4051c5a7b0ac0dd6390f34a380f0936f429fcbd5e3c911126ff851c965702be79d74f3dcd63f1e2d7cbda50ec1eb42b9b498952671353f9a14b00beb888ae1248efc2a44ad682680e2de6039a58b9682c136342416fb7e92d957d458a43bef3c0b59d2221240ac5a51e02f7c809eda71d7d2cfd445a54a3e7148c064896c7b8ee1e47cd76f551f2dca5f1f4dbe8b2a4a78ecdc250e0fa24b215920ca3a24f18bb2f7cd6f875fd6f6c966993fec0767e6619bf34e9249dfee1c2d629bbe2e50c415d57128fbe68c2ebf6341a6cf315fcf96a05f133db011ff2c2c53da106769cc7bb6fcd2bae1d4ed94f92a7a3e8baaee240fa19df85bd5ded836dc611db025dc5119c40674ab524a50ad78eef2910aa2929f204e0c24b406410e8c68c92dd661cf270c72d87c2f49a90edbea3501d8c606a517de4e0828587338e1b7bdb31efcb31f108d66f42700575d4c4558fb0aa0ff9d5d29c1b025010c4abcf5b94ff04891b1a1144c9f6672c1ca785279a99e5af5deeed0e1f841cb45d44f69ee57fc583b11bddf9ec60a3e4f3ba72c7da597029b4eaf9fb39f18b1b7ee75b4efebaffbccce56f49c490b8e4017e28281fbe31b4467f8a781f6ffa6b9f4bd485741339d6bd71f39e7be595e154eb171ea207448aa2c60d345a34718dad844e21ff5d37b794cc69e57bfc08ad6014388c4d2e27f784d71ddd0bbea0e0c626addce122e316095bb7e667b46130c7f314d1f23f1adff4286939ec23e4a5153068b192a3a60fe705fc0c010b8a748f2c189bda32254fce2d104ba900d8f81bfcb6c35cf71963ce7cecc873a34a886957549d4e59178c481b7c7801192169836817f9f784bed3638ef6d1dff04c181e907760dddf5d65de927de43005067040a01055f3b2cf906255f856aa4763144bc44380650ea0485cb1216afd0d627407527f01e8559f2ebe');
insert into edition_asset (edition_id, number, name, media_type, content) values (1, 1, 'name-1', 'media_type-1', x'0101010101010101010101010101010101010101010101010101010101010101');
insert into edition_asset (edition_id, number, name, media_type, content) values (2, 2, 'name-2', 'media_type-2', x'0202020202020202020202020202020202020202020202020202020202020202');
insert into notice (id, kind, list_id, subscriber_id, address, language, payload, content, message_secret, created_at) values (1, 'kind-1', 1, 1, 'Reader1+notice@Reader.example', 'en', '{"edition": 1}', x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101', 101);
insert into notice (id, kind, list_id, subscriber_id, address, language, payload, content, message_secret, created_at) values (2, 'kind-2', 2, 2, 'Reader2+notice@Reader.example', 'en', '{"edition": 1}', null, x'0202020202020202020202020202020202020202020202020202020202020202', 102);
insert into held_notice (notice_id, domain, expires_at) values (1, 'reader.example', 101);
insert into held_notice (notice_id, domain, expires_at) values (2, 'reader.example', 102);
insert into password (person_id, hash, changed_at) values (2, 'a\é%sß\ ', 635893105421691921);
insert into authenticator_app (person_id, salt, last_step, added_at) values (1, x'49ee3a0af5cfaf9694383f96b8fa1adc70e938e39f8b813af75670a2460c0684', 5383963435738814491, 8736373583032096166);
insert into recovery_code (person_id, digest) values (1, x'49ee3a0af5cfaf9694383f96b8fa1adc70e938e39f8b813af75670a2460c0684');
insert into passkey (id, person_id, credential_id, credential, name, sign_count, created_at, used_at) values (21500126398823, 2, x'a2', x'95', '􏿿aé‮ẞẞßé"', 6578715846548918827, 7033361417704876165, 3670599950595109671);
insert into login_code (id, asker, address, language, tries, expires_at, waits) values (21500126398823, x'49ee3a0af5cfaf9694383f96b8fa1adc70e938e39f8b813af75670a2460c0684', '\􏿿a', ' %s', 7776682332872833757, 1248763244683134742, 1);
insert into login_session (id, digest, person_id, epoch, method, client, agent, started_at, seen_at) values (21500126398823, x'49ee3a0af5cfaf9694383f96b8fa1adc70e938e39f8b813af75670a2460c0684', 2, 8736373583032096166, 'passkey', 'é', '%saa\‮‮', 8619419382341736041, 857049057765820900);
insert into session (id, host, pid, lock, started_at, heartbeat_at, version, config, keys, state) values (1, 'host-1', 101, 'lock-1', 101, 101.5, 'version-1', '{}', '{}', 'gone');
insert into session (id, host, pid, lock, started_at, heartbeat_at, version, config, keys, state) values (2, 'host-2', 102, 'lock-2', 102, 102.5, 'version-2', '{}', '{}', 'gone');
insert into delivery (id, edition_id, notice_id, subscription_id, domain, state, attempts, due_at, first_attempt_at, recorded_at, relay, code, enhanced, reply, kind, bounce, destination, claimed_by) values (1, 1, null, 1, 'reader.example', 'delivered', 101, 101, 101, 101, 'relay-1', 101, 'enhanced-1', 'reply-1', 'hard', 'gone', 'lane-1', null);
insert into delivery (id, edition_id, notice_id, subscription_id, domain, state, attempts, due_at, first_attempt_at, recorded_at, relay, code, enhanced, reply, kind, bounce, destination, claimed_by) values (2, null, 1, null, 'reader.example', 'delivered', 102, 102, 102, 102, null, 102, null, null, 'soft', 'full', 'lane-2', null);
insert into bulk_change (id, kind, edition_id, created_at, done_through, last_id) values (1, 'audience', 1, 101, 101, 1);
insert into bulk_change (id, kind, edition_id, created_at, done_through, last_id) values (2, 'cancel', 2, 102, 102, 2);
insert into list_removal (list_id, created_at, events_through) values (1, 3358207575238899214, 8216303380930060466);
insert into copy_count (edition_id, queued, claimed, deferred, delivered, failed, cancelled, refused, begun) values (1, 101, 101, 101, 101, 101, 101, 101, 101);
insert into copy_count (edition_id, queued, claimed, deferred, delivered, failed, cancelled, refused, begun) values (2, 102, 102, 102, 102, 102, 102, 102, 102);
insert into copy_outcome (edition_id, destination, state, kind, bounce, code, enhanced, at, number) values (1, 'a🙂􏿿?ß‮ẞ''''a', 'cancelled', 'é日本
', '日本', 2888877641057734564, '🙂‮', 4732068826899044467, 7679527005641514898);
insert into handover (delivery_id, at, code, enhanced, reply) values (1, 101, 101, 'enhanced-1', 'reply-1');
insert into handover (delivery_id, at, code, enhanced, reply) values (2, 102, 102, null, null);
insert into destination_domain (domain, destination, learned) values ('d1.example', 'lane-1', 0);
insert into destination_domain (domain, destination, learned) values ('d2.example', 'lane-2', 1);
insert into destination (name, state) values ('name-1', '{}');
insert into destination (name, state) values ('name-2', '{}');
insert into suspension (subscriber_id, since, first_edition_id, probed_at, ended_at) values (1, 101, 1, 101, 101);
insert into suspension (subscriber_id, since, first_edition_id, probed_at, ended_at) values (2, 102, 2, 102, 102);
insert into pace (scope, state) values ('scope-1', '{}');
insert into pace (scope, state) values ('scope-2', '{}');
insert into limit_event (scope, subject, at, serial) values ('scope-1', x'0101010101010101010101010101010101010101010101010101010101010101', 101.5, 1);
insert into limit_event (scope, subject, at, serial) values ('scope-2', x'0202020202020202020202020202020202020202020202020202020202020202', 102.5, 2);
insert into inbound_content (id, digest, content) values (1, x'0101010101010101010101010101010101010101010101010101010101010101', x'0101010101010101010101010101010101010101010101010101010101010101');
insert into inbound_content (id, digest, content) values (2, x'0202020202020202020202020202020202020202020202020202020202020202', x'0202020202020202020202020202020202020202020202020202020202020202');
insert into inbound (id, digest, content_id, mail_from, recipient, peer, utf8, received_at, state, outcome, recorded_at, queue) values (1, x'0101010101010101010101010101010101010101010101010101010101010101', 1, 'news1@lists.example', 'recipient-1', 'peer-1', 0, 101, 'received', 'outcome-1', 101, 'readers');
insert into inbound (id, digest, content_id, mail_from, recipient, peer, utf8, received_at, state, outcome, recorded_at, queue) values (2, x'0202020202020202020202020202020202020202020202020202020202020202', 2, 'news2@lists.example', 'recipient-2', 'peer-2', 1, 102, 'done', 'outcome-2', 102, 'bounces');
insert into archive_search (rowid, list, title, words, shown) values (1, 'l1', 'title', 'words', 'shown');
