-- The tables of Pressrun, as a new database gets them. Times are UTC seconds. Ids are never used twice
-- (autoincrement): an old link must not come to mean somebody else.
-- A change here goes with a step in steps/; a test compares a stepped database with a fresh one.

-- Which link keys this database has been used with; a key file that is missing is noticed at start.
create table keyring (
    number integer primary key,               -- the key's number in tokens
    fingerprint blob not null                 -- SHA-256 of the key, first 8 octets
) strict;

-- One row for each list. The settings of the process live in config.toml, those of a list here.
create table list (
    id integer primary key autoincrement,
    name text not null unique,                -- local part of its addresses, first segment of its URLs
    title text not null,
    description text not null default '',
    from_address text not null,               -- RFC 5322 mailbox for the From field
    owner text,                               -- who answers for the list; null: the operator
    reply_to text,                            -- instead of NAME-owner@D
    postal_address text not null default '',
    language text not null default 'en',      -- BCP 47
    archive text not null default 'public' check (archive in ('public', 'members', 'off')),
    listed integer not null default 1 check (listed in (0, 1)),                     -- shown on the front page
    post_by_mail text not null default 'approve' check (post_by_mail in ('approve', 'direct', 'off')),
    require_postal_address integer not null default 1 check (require_postal_address in (0, 1)),
    created_at integer not null,
    closed_at integer                         -- no sign-ups, no editions; null: open
) strict;

-- Who may post an edition by mail.
create table editor (
    list_id integer not null references list on delete cascade,
    address text not null,
    address_key text not null,                -- compared without regard to case
    primary key (list_id, address_key)
) strict, without rowid;

-- One row for each mail address that a list knows.
create table subscriber (
    id integer primary key autoincrement,
    address text not null,                    -- as typed
    address_key text not null unique,         -- what makes two spellings one subscriber
    domain text not null,                     -- A-label
    suppression_digest blob not null,         -- where this address would stand in `suppression`
    name text not null default '',
    language text not null default '',        -- BCP 47; empty: the list's
    attributes text not null default '{}',    -- imported columns, a JSON object of strings
    epoch integer not null default 0,         -- a bump ends preference links, never unsubscribe links
    created_at integer not null
) strict;

-- What a subscriber is to a list.
create table subscription (
    id integer primary key autoincrement,
    list_id integer not null references list on delete cascade,
    subscriber_id integer not null references subscriber on delete cascade,
    state text not null check (state in ('pending', 'active', 'suspended', 'unsubscribed')),
    state_before text check (state_before in ('unsubscribed')),  -- where an unconfirmed request returns to
    suspended_for text check (suspended_for in ('bounces', 'paused')),
    paused_until integer,
    source text not null,                     -- web, mail, operator, import
    since integer not null,                   -- when it came into this state
    round integer not null default 0,         -- bumped by leaving: confirmations of an earlier round are void
    unique (subscriber_id, list_id)
) strict;
create index subscription_by_list on subscription (list_id, state, id);
create index subscription_paused on subscription (paused_until) where paused_until is not null;

-- A request to subscribe that waits for its proof, or had it.
create table confirmation (
    id integer primary key autoincrement,
    subscription_id integer not null references subscription on delete cascade,
    round integer not null,
    name text not null default '',            -- taken over only once proven
    language text not null default '',
    created_at integer not null,
    expires_at integer not null
) strict;
create index confirmation_by_subscription on confirmation (subscription_id);
create index confirmation_by_end on confirmation (expires_at);

-- Append-only evidence of what was asked and answered. `chain` covers the row before, so a gap shows; content and
-- salt can be erased without breaking it, since the chain holds only the salted digest.
create table consent (
    id integer primary key autoincrement,
    subscriber_id integer,                    -- null: erased
    list_id integer,
    event text not null,                      -- requested, confirmed, added, imported, withdrawn, …
    at integer not null,
    salt blob,                                -- 16 random octets; null: erased
    content text,                             -- JSON: list, address, ip, source, language, text, mail; null: erased
    content_digest blob not null,             -- SHA-256 of salt and content
    chain blob not null                       -- SHA-256 of the last chain, id, event, at and content_digest
) strict;
create index consent_by_subscriber on consent (subscriber_id, id);

-- Addresses that get nothing. The digest is keyed, so that an erased address can still be recognised.
create table suppression (
    digest blob primary key,
    address text,                             -- null: erased
    reason text not null check (reason in ('hard-bounce', 'complaint', 'erased', 'never-again', 'operator')),
    since integer not null
) strict, without rowid;

-- One row for each edition. Counts of copies are counted from `delivery`, not kept.
create table edition (
    id integer primary key autoincrement,
    list_id integer not null references list on delete cascade,
    slug text not null,                       -- permanent, unique in its list
    state text not null check (state in ('draft', 'scheduled', 'sending', 'paused', 'finished', 'cancelled')),
    subject text not null,                    -- with merge fields as written
    title text not null,                      -- the subject with fields at their defaults, for pages and lists
    preheader text not null default '',
    language text not null,
    source_name text not null,                -- file name, for the format by its suffix
    source_digest blob not null,              -- SHA-256 of the source and all it takes along
    message_secret blob not null,             -- Message-IDs of its copies are made with it
    audience integer not null default 0,
    unsubscribed integer not null default 0,  -- readers who left by a link of this edition
    complaints integer not null default 0,
    canary_percent real,                      -- null: to everyone at once
    canary_copies integer,                    -- so many go out, then it pauses; null: no canary, or it is over
    pause_reason text,
    dated_at integer,                         -- the date the author gave, for the archive
    created_at integer not null,
    scheduled_at integer,                     -- not before
    started_at integer,                       -- the audience was taken
    first_claim_at integer,                   -- a copy may have gone out: its page exists from here on
    finished_at integer,
    unique (list_id, slug)
) strict;
create index edition_by_digest on edition (list_id, source_digest);
create index edition_live on edition (id) where state in ('scheduled', 'sending');
create index edition_by_state on edition (state);

-- What an edition is made of, apart from `edition` so that listings stay small.
create table edition_content (
    edition_id integer primary key references edition on delete cascade,
    source blob not null,                     -- as it came
    skeleton blob not null,                   -- message.skeleton.Skeleton, encoded
    text text not null,                       -- for the archive, fields at their defaults
    html text                                 -- for the archive, cleaned; null: the edition is plain text
) strict;

-- Images and files of an edition, for its page.
create table edition_asset (
    edition_id integer not null references edition on delete cascade,
    number integer not null,                  -- from 0, in the order of the archive page
    name text not null,
    media_type text not null,
    content blob not null,
    primary key (edition_id, number)
) strict;

-- One mail to one person: confirmation, preferences link, test copy, report.
create table notice (
    id integer primary key autoincrement,
    kind text not null,
    list_id integer references list on delete cascade,
    subscriber_id integer references subscriber on delete cascade,
    address text not null,
    language text not null,
    payload text not null default '{}',       -- JSON: what the composer needs
    content blob,                             -- a mail that was composed at once (test copies); null: composed when sent
    message_secret blob not null,
    created_at integer not null
) strict;
create index notice_by_subscriber on notice (subscriber_id);
create index notice_by_list on notice (list_id);

-- The queue and the ledger: one row for each copy of an edition and each notice.
create table delivery (
    id integer primary key autoincrement,
    edition_id integer references edition on delete cascade,
    notice_id integer references notice on delete cascade,
    subscription_id integer references subscription on delete set null,
    domain text not null,                     -- of the recipient, A-label
    state text not null check (state in ('queued', 'claimed', 'deferred', 'delivered', 'failed', 'cancelled')),
    attempts integer not null default 0,      -- counted before any octet goes out
    due_at integer not null,                  -- not before
    first_attempt_at integer,                 -- the Date of the copy, on every retry
    settled_at integer,                       -- when the last reply was recorded
    relay text,
    code integer,                             -- the last reply; null: none came
    enhanced text,
    reply text,
    kind text check (kind in ('hard', 'soft', 'policy', 'message', 'expired')),
    check ((edition_id is null) <> (notice_id is null))
) strict;
create index delivery_queue on delivery (edition_id, state, due_at);
create unique index delivery_once on delivery (subscription_id, edition_id);
create index delivery_by_notice on delivery (notice_id) where notice_id is not null;

-- Pacing that survives a restart: one row for each scope (process, relay NAME).
create table pace (
    scope text primary key,
    state text not null                       -- JSON: core.pacing.Pace.dump
) strict, without rowid;

-- Events that count against a limit; older than their window they are swept.
create table limit_event (
    scope text not null,                      -- the limit's key in [limits]
    subject blob not null,                    -- whom it counts against: a network, or the keyed hash of an address
    at real not null,
    serial integer not null,                  -- tells events of one moment apart
    primary key (scope, subject, at, serial)
) strict, without rowid;
create index limit_event_by_age on limit_event (scope, at);
