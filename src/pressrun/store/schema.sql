-- The tables of a new database, and the indexes and views that every engine has, in SQLite's spelling with macros
-- (store.statements). What one engine has alone is in a schema.sql of its own. Times are UTC seconds. Ids are never used
-- twice (autoincrement), so that an old link cannot come to mean somebody else.
-- A change here needs a step in steps/; a test compares a migrated database with a new one.

-- The keys that this database was used with, so that a start finds a missing or different key file.
create table keyring (
    number integer primary key,               -- of the key in tokens; 0: the suppression key
    fingerprint blob not null,                -- SHA-256 of the key, first 8 octets
    retires_at integer                        -- from then on only links to unsubscribe are read with it; null: never
) strict;

-- One row for each list, with its settings. Those of the process are in config.toml.
create table list (
    id integer primary key autoincrement,
    name text not null unique,                -- local part of its addresses, first segment of its URLs
    title text not null,
    description text not null default '',
    from_address text not null,               -- RFC 5322 mailbox for the From field
    owner text,                               -- address of the list owner; null: the operator
    reply_to text,                            -- instead of NAME-owner@D
    postal_address text not null default '',
    language text not null default 'en',      -- BCP 47
    archive text not null default 'public' check (archive in ('public', 'members', 'off')),
    listed integer not null default 1 check (listed in (0, 1)),                     -- shown on the front page
    post_by_mail text not null default 'approve' check (post_by_mail in ('approve', 'direct', 'off')),
    require_postal_address integer not null default 1 check (require_postal_address in (0, 1)),
    created_at integer not null,
    closed_at integer,                        -- no sign-ups, no editions; null: open
    relay text,                               -- the relay that its mail must use; null: any
    hours text,                               -- 08:00-20:00, when copies of its editions may be sent; null: always
    timezone text not null default 'UTC',     -- IANA name; of `hours`
    layout text not null default 'letter',    -- a built-in layout or one of the operator
    colour text,                              -- #rrggbb; null: that of the layout
    logo text,                                -- SHA-256 of list_logo.content, hex; null: the title is shown instead
    footer text not null default '',          -- plain text below every edition
    leaving_note integer not null default 1 check (leaving_note in (0, 1)),         -- unsubscribers are mailed a link to undo it
    front text not null default 'full' check (front in ('full', 'teaser')),         -- how the page of the list shows the latest edition
    cadence text not null default '',         -- how often editions are sent, in words for readers
    ask_name integer not null default 0 check (ask_name in (0, 1)),                 -- the sign-up form asks for a name
    typeface text not null default 'sans' check (typeface in ('sans', 'serif', 'mono')), -- of the pages of the list
    family text,                              -- lists of a family are one newsletter in several languages; null: none
    approval text not null default 'none' check (approval in ('none', 'second-person')) -- who lets its editions go
) strict;
create unique index list_by_family on list (family, lower(language)) where family is not null;

-- The logo of a list in its mails and on its pages.
create table list_logo (
    list_id integer primary key references list on delete cascade,
    name text not null,                       -- file name
    media_type text not null,
    content blob not null,
    width integer not null,                   -- in pixels of the original
    height integer not null                   -- in pixels of the original
) strict;

-- People who may log in or post editions by mail.
create table person (
    id integer primary key autoincrement,
    name text not null unique,                -- by which the audit log knows them
    address text,                             -- as typed; null: they have given none, or it was erased
    address_key text unique,                  -- folded for comparison
    is_operator integer not null default 0 check (is_operator in (0, 1)),           -- may do everything, on every list
    created_at integer not null,
    enrolled_at integer,                      -- since when they may log in; null: not yet
    epoch integer not null default 0          -- an increment ends all their sessions
) strict;

-- What people may do on a list.
create table permission (
    list_id integer not null references list on delete cascade,
    person_id integer not null references person on delete cascade,
    role text not null check (role in ('viewer', 'editor', 'publisher')),           -- each includes the one before
    readers text not null default 'none' check (readers in ('none', 'see', 'manage', 'export')), -- access to their data
    primary key (list_id, person_id)
) strict, without rowid;
create index permission_by_person on permission (person_id);

-- By whom else people are known (OpenID Connect).
create table identity (
    issuer text not null,                     -- URL of the provider
    subject text not null,                    -- by which it knows the person
    person_id integer not null references person on delete cascade,
    primary key (issuer, subject)
) strict, without rowid;
create index identity_by_person on identity (person_id);

-- Links by which people enter once. They are signed, and work as long as their row is here.
create table enter_link (
    id integer primary key autoincrement,
    person_id integer not null references person on delete cascade,
    kind text not null check (kind in ('invitation', 'enter')),
    created_at integer not null,
    expires_at integer not null
) strict;
create index enter_link_by_person on enter_link (person_id);
create index enter_link_by_end on enter_link (expires_at);

-- Tokens of programs.
create table api_token (
    id integer primary key autoincrement,
    name text not null unique,                -- by which the audit log knows the program
    digest blob not null unique,              -- SHA-256 of the token
    scope text not null check (scope in ('read', 'write', 'sign-up', 'draft', 'stats', 'returns')),
    is_everywhere integer not null check (is_everywhere in (0, 1)), -- on every list; 0: on those in token_list, if any are left
    networks text not null default '[]',      -- JSON array of the networks that may use it; empty: any
    person_id integer references person on delete cascade, -- whose it is, so it can do no more than they can; null: the machine's
    created_at integer not null,
    expires_at integer,                       -- null: never
    used_at integer,                          -- the beginning of the day of its last use; null: none
    origin_id integer                         -- the token that it was made with, or that one's origin; null: a person made it
) strict;
create index api_token_by_person on api_token (person_id) where person_id is not null;

-- The lists that a token is limited to.
create table token_list (
    token_id integer not null references api_token on delete cascade,
    list_id integer not null references list on delete cascade,
    primary key (token_id, list_id)
) strict, without rowid;
create index token_list_by_list on token_list (list_id);

-- One row for each address that any list knows.
create table subscriber (
    id integer primary key autoincrement,
    address text not null,                    -- as typed
    address_key text not null unique,         -- equal for all spellings of one subscriber
    domain text not null,                     -- A-label
    suppression_digest blob not null,         -- the digest of this address in `suppression`
    mailbox_digest blob,                      -- the digest of its mailbox; null: the same
    name text not null default '',
    language text not null default '',        -- BCP 47; empty: that of the list
    attributes text not null default '{}',    -- imported columns, a JSON object of strings
    epoch integer not null default 0,         -- an increment ends preferences links, never unsubscribe links
    created_at integer not null,
    text_only integer not null default 0 check (text_only in (0, 1))                -- copies have no HTML part
) strict;
-- Digests are in no order, so new ones go all over their index: four octets of each keep that small, and tell enough.
create index subscriber_by_digest on subscriber (substr(suppression_digest, 1, 4));
create index subscriber_by_mailbox on subscriber (mailbox_digest) where mailbox_digest is not null;
create index subscriber_by_domain on subscriber (domain, id);

-- The subscription of a subscriber to a list.
create table subscription (
    id integer primary key autoincrement,
    list_id integer not null references list on delete cascade,
    subscriber_id integer not null references subscriber on delete cascade,
    state text not null check (state in ('pending', 'active', 'suspended', 'unsubscribed')),
    state_before text check (state_before in ('unsubscribed')),  -- restored when a request is not confirmed
    suspended_for text check (suspended_for in ('bounces', 'paused')),
    paused_until integer,
    source text not null,                     -- web, mail, operator, import, sync, restore
    since integer not null,                   -- when it reached this state
    round integer not null default 0,         -- incremented by unsubscribing, which voids links; undoing restores it
    moved_to integer,                         -- the subscription in another language, or at another address, that it became
    unique (subscriber_id, list_id)
) strict;
create index subscription_by_list on subscription (list_id, state, id);
create index subscription_paused on subscription (paused_until) where paused_until is not null;
create index subscription_by_target on subscription (moved_to) where moved_to is not null;

-- Subscriptions that moved to another language and whose list is deleted, so that links in old mails still work.
create table removed_subscription (
    id integer primary key,
    moved_to integer not null references subscription on delete cascade             -- an existing subscription
) strict;
create index removed_subscription_by_target on removed_subscription (moved_to);

-- Whose subscriptions went with a list, for a while: readers may still complain about its copies, and a restore may bring
-- the list back.
create table former_reader (
    subscription_id integer primary key,      -- not a reference: it is gone
    subscriber_id integer not null references subscriber on delete cascade,
    paused_until integer,                     -- null: it was not paused
    removed_at integer not null               -- when the list was removed
) strict;
create index former_reader_by_subscriber on former_reader (subscriber_id);
create index former_reader_by_age on former_reader (removed_at);

-- Where links and addresses of the program that a list was moved from lead now. Digests, so that a copy of the database
-- gives nobody a personal link that works.
create table redirect (
    digest text not null,                     -- core.addresses.old_links
    kind text not null check (kind in ('page', 'leaving-page', 'archive', 'campaign', 'person', 'post', 'subscribe', 'unsubscribe', 'request', 'owner', 'commands', 'origin')), -- core.addresses.old_links.OldKind
    subscription_id integer not null default 0,-- of a person, or the list of a campaign; not a reference, since a link outlives both
    list_id integer references list on delete set null,
    primary key (digest, kind, subscription_id)
) strict, without rowid;
create index redirect_by_list on redirect (list_id) where list_id is not null;

-- A request to subscribe that waits for its confirmation, or was confirmed.
create table confirmation (
    id integer primary key autoincrement,
    subscription_id integer not null references subscription on delete cascade,
    round integer not null,                   -- valid while it is that of the subscription; -1: void for good
    name text not null default '',            -- used only after confirmation
    language text not null default '',
    created_at integer not null,
    expires_at integer not null,
    leader_id integer,                        -- the request whose link confirms this one too; null: it has its own link
    attributes text not null default '{}'     -- columns that a program gave, used only after confirmation; JSON
) strict;
create index confirmation_by_leader on confirmation (leader_id) where leader_id is not null;
create index confirmation_by_subscription on confirmation (subscription_id);
create index confirmation_by_end on confirmation (expires_at);

-- A web request by address, until it is carried out a moment later: the time of the answer must not reveal whether the
-- address is known.
create table pending_request (
    id integer primary key autoincrement,
    kind text not null check (kind in ('sign-up', 'preferences', 'unsubscribe')),
    list_id integer references list on delete cascade,                              -- null: it concerns no list
    address text not null,                    -- as typed
    name text not null default '',
    language text not null default '',
    ip text,                                  -- null: it came by our Unix socket without a proxy
    words text not null default '',           -- the text that the person was shown
    trust text not null check (trust in ('worked', 'proven', 'unproven', 'trap')),  -- how much the form proves
    set_aside_at integer,                     -- when it turned out that it cannot be carried out; null: it waits
    also text not null default '[]',          -- further lists of the same request, a JSON array of ids
    words_language text not null default '',  -- of `words`; empty: that of the request
    source text not null default 'web',       -- the web, or the program that asks for the person
    attributes text not null default '{}',    -- columns that a program gave; JSON
    url text not null default '',             -- where the person gave the program their consent; empty: unknown
    given_at integer                          -- when they did; null: unknown
) strict;
create index pending_request_by_list on pending_request (list_id) where list_id is not null;

-- The number of sign-ups in each hour, which shows what is usual for this server.
create table sign_up_hour (
    hour integer primary key,                 -- hours since 1970
    number integer not null                   -- on the web and by mail, without traps and unwanted addresses
) strict;

-- Unsubscribes that can be undone, because others may have had the link; deleted when they expire.
create table unsubscribe (
    id integer primary key autoincrement,
    subscription_id integer not null references subscription on delete cascade,
    former text not null,                     -- JSON: state, suspended_for, paused_until, source, since, round
    edition_id integer,                       -- the edition that counts it; null: none
    left_at integer not null,                 -- equals recorded_at of the copies that it cancelled
    expires_at integer not null,
    language text not null default '',        -- of the request; empty: unknown
    notice_queued integer not null default 0 check (notice_queued in (0, 1)),       -- the mail to the reader is queued
    has_given_reason integer not null default 0 check (has_given_reason in (0, 1))  -- the reason itself is only counted below
) strict;
create index unsubscribe_by_subscription on unsubscribe (subscription_id);
create index unsubscribe_by_end on unsubscribe (expires_at);
create index unsubscribe_to_notify on unsubscribe (id) where notice_queued = 0;

-- How many readers of a list gave each reason for unsubscribing, by month.
create table leaving_reason (
    list_id integer not null references list on delete cascade,
    month text not null,                      -- 2026-11, in UTC
    reason text not null check (reason in ('too-many', 'not-expected', 'never-signed-up', 'other')),    -- core.leaving_reason
    number integer not null,                  -- of readers
    primary key (list_id, month, reason)
) strict, without rowid;

-- A change of address that a reader requested, and what undoing it restores.
create table address_change (
    id integer primary key autoincrement,
    subscriber_id integer not null references subscriber on delete cascade,
    old_address text not null,                -- as typed
    new_address text not null,                -- as typed; not used before it confirms
    state text not null check (state in ('asked', 'done', 'undone')),
    former text not null default '{}',        -- JSON, once done: what undoing restores
    created_at integer not null,
    expires_at integer not null               -- asked: the new address must confirm by then; done: it can be undone until then
) strict;
create index address_change_by_subscriber on address_change (subscriber_id);
create index address_change_by_end on address_change (expires_at);

-- Append-only evidence of consent. `chain` covers the row before, so gaps show. Content and salt can be erased, because
-- the chain covers only the salted digests (core.signing.chain).
create table consent (
    id {id},
    number integer not null unique,           -- in the chain: from 1 on, without gaps, given right before the commit
    subscriber_id integer,                    -- null: erased, or the row records an erasure or ageing
    list_id integer,
    event text not null,                      -- requested, confirmed, …, or erased, aged
    at integer not null,
    salt blob,                                -- 16 random octets; null: erased
    content text,                             -- JSON: list, address, source, language, text, mail, message_id; null: erased
    content_digest blob not null,             -- SHA-256 of salt, subscriber_id and content
    chain blob not null,                      -- SHA-256 of the previous chain, number, list_id, event, at and both digests
    ip text,                                  -- network address; null: unknown, aged or erased
    ip_salt blob,                             -- 16 random octets; null with ip
    ip_digest blob                            -- SHA-256 of ip_salt and ip; null: unknown
) strict;
create index consent_by_subscriber on consent (subscriber_id, number);
create index consent_with_ip on consent (at, number) where ip is not null;

-- Where the chain of consent stands: one row once there is evidence, which each new row moves on. The transaction that
-- appends holds it until the commit.
create table consent_head (
    id integer primary key check (id = 1),
    number integer not null,                  -- the highest that was ever given
    chain blob not null                       -- of that row
) strict;

-- Who did what, append-only: people, editors, and the clock. Chained like consent, over everything but whom a row is
-- about, which can be erased: the chain covers only a salted digest of that.
create table audit (
    id {id},
    number integer not null unique,           -- in the chain: from 1 on, without gaps, given right before the commit
    at integer not null,
    who text not null,                        -- a user of the machine; or editor, clock
    uid integer,                              -- of a user of the machine
    claimed text,                             -- SUDO_USER, as that user's own process says
    way text not null,                        -- shell, daemon, mail, page, clock
    action text not null,                     -- the name of the verb, as in list.set; erased: see content
    list text,                                -- its name
    object text,                              -- such as edition 7
    fields text not null,                     -- JSON array: the names of the settings that were given
    outcome text not null,                    -- begun, done, refused, failed
    code integer,                             -- the exit code of what was refused
    subscriber_id integer,                    -- whom it is about; null: nobody, erased, or no reader
    salt blob,                                -- 16 octets, random in a row about somebody; null: erased
    content text,                             -- JSON: keyed digests of addresses, by what they are; null: erased
    content_digest blob not null,             -- SHA-256 of salt, subscriber_id and content
    chain blob not null                       -- SHA-256 of the previous chain, number, at, what happened and that digest
) strict;
create index audit_by_subscriber on audit (subscriber_id) where subscriber_id is not null;
create index audit_by_action on audit (action, number);

-- Where the chain of the audit log stands: one row, which each new row of the log moves on.
create table audit_head (
    id integer primary key check (id = 1),
    number integer not null,                  -- the highest that was ever given
    chain blob not null                       -- of that row
) strict;

-- What happened to readers, editions and the service, for programs that follow it. Nothing here refers to another table: the
-- address of a reader is looked up when somebody asks, and nobody is found under the id of an erased one.
create table event (
    id integer primary key autoincrement,     -- from id_counter: ascends in the order of the commits
    at integer not null,                      -- by the clock of the database
    type text not null,                       -- core.lifecycles.events.EventType
    list_id integer,                          -- null: of no list; deleted with its list
    subscriber_id integer,                    -- null: about no reader
    edition_id integer,                       -- null: about no edition
    actor text not null,                      -- reader, mail, shell, clock, person:NAME, token:NAME
    how text not null,                        -- by which way or for which reason, in a word; empty: not said
    object text                               -- what else it is about: job 31, relay primary, queue gmail; null: nothing
) strict;

-- Requests that programs may repeat under a key of their own (Idempotency-Key), so that a repeat finds what the first one
-- did. A row is written by the transaction of the effect, and kept for a day.
create table idempotency_key (
    caller text not null,                     -- such as token 7
    digest blob not null,                     -- keyed digest of the key of the request
    request blob not null,                    -- keyed digest of the action and its arguments
    object text,                              -- such as edition 7; null: the arguments say it
    subscriber_id integer,                    -- the reader it was about, who may be erased since; null: none
    at integer not null,
    has_created integer not null default 0 check (has_created in (0, 1)),           -- its answer said that it made something
    primary key (caller, digest)
) strict, without rowid;
create index idempotency_key_by_age on idempotency_key (at);

-- Imports and syncs of programs. The file of each is in data_dir/jobs until the job ends.
create table job (
    id integer primary key autoincrement,
    kind text not null check (kind in ('import', 'sync')),
    list_id integer not null references list on delete cascade,
    state text not null check (state in ('queued', 'running', 'ready', 'applying', 'done', 'failed', 'cancelled')),
    source text not null,                     -- who brings the readers in: import, sync, or the program
    actor text not null,                      -- who handed it in or applied it, as in the journal of events
    media_type text not null,                 -- of the file
    file text not null unique,                -- its name in data_dir/jobs, and the beginning of those beside it
    requires_confirmation integer not null check (requires_confirmation in (0, 1)), -- new readers are asked to confirm
    is_dry_run integer not null check (is_dry_run in (0, 1)),                       -- it waits, ready, for somebody to apply it
    max_unsubscribes text not null default '', -- how many may leave in a sync, as it was given
    total integer not null default 0,         -- rows of the file
    members integer not null default 0,       -- of a sync, when it was handed in
    position integer not null default 0,      -- rows that are done, by the transaction that did them
    result text not null default '{}',        -- JSON: what became of the rows so far, or would
    digest blob not null,                     -- SHA-256 of the file
    plan blob,                                -- SHA-256 of what a dry run showed; null: it showed nothing
    problem text,                             -- why it failed
    created_at integer not null,
    expires_at integer not null               -- then it is deleted
) strict;
create index job_by_list on job (list_id);
create index job_live on job (id) where state in ('queued', 'running', 'applying');
create index job_by_end on job (expires_at);

-- Suppressed addresses. The digest is keyed, so that an erased address is still recognised.
create table suppression (
    digest blob primary key,
    address text,                             -- null: erased
    reason text not null check (reason in ('hard-bounce', 'complaint', 'erased', 'never-again', 'operator')),
    since integer not null
) strict, without rowid;

-- The reader of each subscription, and whether they may be mailed now: the one rule for all statements that make, count,
-- claim, release or requeue copies. "Never again" applies to a mailbox, other reasons to one address; suppressions.find
-- has the same rule for addresses without a reader. Cross joins fix the order, which statistics must not change.
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

-- One row for each edition. `copy_count` has the numbers of its copies.
create table edition (
    id integer primary key autoincrement,
    list_id integer not null references list on delete cascade,
    slug text not null,                       -- permanent, unique in its list
    state text not null check (state in ('draft', 'scheduled', 'sending', 'paused', 'finished', 'cancelled')),
    subject text not null,                    -- with merge fields
    title text not null,                      -- the subject with fields at their defaults, for pages
    preheader text not null default '',
    language text not null,
    source_name text not null,                -- file name, whose suffix is the format
    source_digest blob not null,              -- SHA-256 of the source and the files it refers to
    message_secret blob not null,             -- for the Message-IDs of its copies
    audience integer not null default 0,
    unsubscribed integer not null default 0,  -- readers who unsubscribed by its links, or by mail when it was their last one
    complaints integer not null default 0,
    canary_percent real,                      -- null: no canary
    canary_copies integer,                    -- it pauses after this many copies; null: no canary, or it is over
    pause_reason text,
    auto_paused_at integer,                        -- when it was paused automatically, which happens once
    dated_at integer,                         -- the date of its file, for the archive
    created_at integer not null,
    scheduled_at integer,                     -- not before
    started_at integer,                       -- when its copies were made
    first_claim_at integer,                   -- from here on its page exists
    finished_at integer,
    issue text,                               -- the same in all editions of an issue; null: none
    is_welcome integer not null default 0 check (is_welcome in (0, 1)),             -- a welcome mail, without a page
    is_repeat integer not null default 0 check (is_repeat in (0, 1)),               -- of an edition of the same content, on purpose
    copies_removed_at integer,                -- when the removal of its copies' rows began; null: all are there
    may_have_gone integer,                    -- how many of its copies may have gone out since the backup that was restored; null: not restored
    unique (list_id, slug)
) strict;
create index edition_by_issue on edition (issue, list_id) where issue is not null;
create index edition_by_digest on edition (list_id, source_digest);
-- One content is one edition, unless somebody repeats it on purpose or nobody gets the first one.
create unique index edition_once on edition (list_id, source_digest)
where is_repeat = 0 and is_welcome = 0 and state <> 'cancelled';
create index edition_live on edition (id) where state in ('scheduled', 'sending');
create index edition_by_state on edition (state);

-- The highest id that was ever drawn for a row of a table, where an id has to be known before the row is stored.
create table id_counter (
    name text primary key,                    -- of the table
    last_id integer not null                  -- 0: none yet
) strict, without rowid;
insert into id_counter (name, last_id) values ('edition', 0), ('event', 0);

-- Events of an edition that the rows of its copies do not keep, counted by the second for its report.
create table counted_event (
    edition_id integer not null references edition on delete cascade,
    what text not null check (what in ('deferred', 'unsubscribed', 'complained')),                      -- store.editions.editions.CountedEvent
    at integer not null,                      -- the second
    number integer not null,                  -- 0: undone
    primary key (edition_id, what, at)
) strict, without rowid;

-- The content of an edition, separate from `edition` so that listings stay fast.
create table edition_content (
    edition_id integer primary key references edition on delete cascade,
    source blob not null,                     -- as it came
    skeleton blob not null,                   -- message.skeleton.Skeleton, encoded
    text text not null,                       -- for the archive, fields at their defaults
    html text,                                -- for the archive, sanitized; null: plain text only
    text_skeleton blob                        -- the skeleton without the HTML part; null: it has none
) strict;

-- The welcome mail of a list, of which each new reader gets one copy.
create table welcome (
    list_id integer primary key references list on delete cascade,
    edition_id integer not null references edition on delete cascade
) strict;
create index welcome_by_edition on welcome (edition_id);

-- Editions that the archive shows: sent, or being sent beyond a canary.
create view archived_edition as
select edition.*, coalesce(dated_at, first_claim_at) as published_at
from edition
where first_claim_at is not null and state <> 'cancelled' and (canary_copies is null or state = 'finished');
create index edition_archive on edition (list_id, coalesce(dated_at, first_claim_at), id)
where first_claim_at is not null and state <> 'cancelled' and (canary_copies is null or state = 'finished');

-- Editions that came by mail and wait for their editor.
create table draft (
    edition_id integer primary key references edition on delete cascade,
    findings text not null,                   -- JSON: the findings of preflight (message.finding)
    expires_at integer not null,              -- when its last approval link expires and it is cancelled
    editors integer not null default 0,       -- how many sent it; each has a row in draft_editor until removed
    written_at integer not null default 0,    -- its Date, or its arrival if that is earlier
    mail_id integer not null default 0,       -- the mail that it came by, which orders drafts of one second
    is_proven integer not null default 0 check (is_proven in (0, 1)),               -- a trusted server verified From
    replaced_by integer references edition on delete set null                       -- the newer draft of the same editor; null: none
) strict;
create index draft_by_replacement on draft (replaced_by) where replaced_by is not null;

-- The editors who sent a draft. It may be released only while none of them is missing here.
create table draft_editor (
    edition_id integer not null references draft on delete cascade,
    list_id integer not null,
    person_id integer not null,               -- of the row in permission, with which this one is deleted
    primary key (edition_id, person_id),
    foreign key (list_id, person_id) references permission on delete cascade
) strict, without rowid;
create index draft_editor_by_editor on draft_editor (list_id, person_id);

-- Editions while they are written: how often each was changed, and who let it go.
create table manuscript (
    edition_id integer primary key references edition on delete cascade,
    number integer not null,                  -- of its last change: its entity tag
    text_number integer not null,             -- of the last change of its text
    first_digest blob not null,               -- SHA-256 of what it was at first: the same file again is the same edition
    source_url text,                          -- the page that it was made of; null: none
    submitted_number integer,                 -- the change that was submitted; null: none, or it was returned
    submitted_by text,                        -- services.authors
    submitted_at integer,                     -- when it was submitted last
    approved_number integer,                  -- the last change that was approved; null: none yet
    approved_by text,                         -- as above
    approved_at integer,                      -- when that was
    returned_by text,                         -- null: it was not returned, or submitted again since
    returned_at integer,                      -- when that was
    words text not null default '',           -- what its authors were told when it was returned
    approved_digest blob                      -- SHA-256 of the copies that were approved, as they were built then
) strict;
create index manuscript_by_first_digest on manuscript (first_digest);

-- The changes of a draft: a text, or a file that was added, replaced or removed.
create table revision (
    id integer primary key autoincrement,
    edition_id integer not null references manuscript on delete cascade,
    number integer not null,                  -- from 1, in the order of the changes
    author text not null,                     -- services.authors
    began_at integer not null,                -- of the first of several changes of a text that one author made in a row
    at integer not null,                      -- of the last of them
    path text,                                -- of the file; null: the text
    source_name text,                         -- of the text
    source blob,                              -- the text; null: a file, or the edition is no draft any more
    unique (edition_id, number)
) strict;

-- The files that a draft includes, by their paths; edition_asset has those of its page.
create table manuscript_file (
    edition_id integer not null references manuscript on delete cascade,
    path text not null,                       -- as the text names it
    number integer not null,                  -- of its last change
    content blob not null,
    primary key (edition_id, path)
) strict;

-- Images and files of an edition, for its page; of a welcome mail by their paths, to build it again.
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
    payload {json} not null default '{}',       -- JSON: what the composer needs
    content blob,                             -- the whole mail (test copies, forwards); null: composed when sent
    message_secret blob not null,
    created_at integer not null
) strict;
create index notice_by_subscriber on notice (subscriber_id);
create index notice_by_list on notice (list_id);
create index notice_forwarded on notice (id) where kind = 'forward' and content is not null;

-- Mails of held sign-ups: notices without a row in `delivery` until an operator releases them.
create table held_notice (
    notice_id integer primary key references notice on delete cascade,
    domain text not null,                     -- of the recipient, A-label
    expires_at integer not null               -- deleted then, like its request
) strict;
create index held_notice_by_end on held_notice (expires_at);

-- Passwords of people who have one.
create table password (
    person_id integer primary key references person on delete cascade,
    hash text not null,                       -- Argon2id with its parameters and salt, in PHC form
    changed_at integer not null               -- by the person or the shell
) strict;

-- Authenticator apps, whose one-time code (RFC 6238) goes with the password.
create table authenticator_app (
    person_id integer primary key references person on delete cascade,
    salt blob not null,                       -- of the secret, which is derived with the suppression key
    last_step integer not null,               -- whose code was used last; none before it is accepted
    added_at integer not null                 -- when its first code was accepted
) strict;

-- Codes that each stand once for that of a lost app.
create table recovery_code (
    person_id integer not null references person on delete cascade,
    digest blob not null,                     -- SHA-256 of the code
    primary key (person_id, digest)
) strict, without rowid;

-- Passkeys (WebAuthn).
create table passkey (
    id integer primary key autoincrement,
    person_id integer not null references person on delete cascade,
    credential_id blob not null unique,       -- the authenticator's name for it
    credential blob not null,                 -- attested credential data (WebAuthn §6.5.1): the public key
    name text not null,                       -- the browser that it was made with
    sign_count integer not null,              -- as the authenticator said last
    created_at integer not null,
    used_at integer                           -- null: never
) strict;
create index passkey_by_person on passkey (person_id);

-- Codes to be mailed or that were, by the browser that asked: for whatever address, ours or not.
create table login_code (
    id integer primary key autoincrement,
    asker blob not null unique,               -- SHA-256 of the cookie, from which the code is derived with the suppression key
    address text not null,                    -- its compared form
    language text not null,                   -- of the page
    tries integer not null default 0,         -- wrong codes so far
    expires_at integer not null,
    waits integer not null default 1 check (waits in (0, 1)) -- the mail has still to be written
) strict;
create index login_code_by_end on login_code (expires_at);

-- Who is logged in, and since when.
create table login_session (
    id integer primary key autoincrement,
    digest blob not null unique,              -- SHA-256 of the cookie
    person_id integer not null references person on delete cascade,
    epoch integer not null,                   -- the person's, when they logged in; another one ends the session
    method text not null check (method in ('passkey', 'code', 'password', 'password-app', 'link', 'oidc')), -- how they logged in
    client text,                              -- network address; null: unknown
    agent text not null,                      -- browser and system, in a few fixed words
    started_at integer not null,
    seen_at integer not null                  -- last request, to the minute
) strict;
create index login_session_by_person on login_session (person_id);
create index login_session_by_use on login_session (seen_at);

-- The processes that wrote to this database, each start with an id of its own. One of them lives at a time.
create table session (
    id integer primary key autoincrement,     -- grows with each start: what an earlier session holds can be told apart
    host text not null,                       -- the machine, for people
    pid integer not null,                     -- the process, for people
    lock text not null,                       -- boot id of the machine, device and inode of data_dir/lock: who holds that lock knows that the process is gone
    started_at integer not null,              -- by the clock of the database
    heartbeat_at real not null,               -- the last renewal of its lease, by the same clock
    version text not null,                    -- of the program
    config text not null,                     -- JSON: fingerprints of the settings that must be alike (config.shared_settings)
    keys text not null,                       -- fingerprints of its keys by number; 0 is the suppression key
    state text not null check (state in ('live', 'gone'))
) strict;
create unique index session_live on session (state) where state = 'live';

-- The queue, and the record of results: one row for each copy of an edition and each notice.
create table delivery (
    id integer primary key autoincrement,
    edition_id integer references edition on delete cascade,
    notice_id integer references notice on delete cascade,
    subscription_id integer references subscription on delete set null,
    domain text not null,                     -- of the recipient, A-label
    state text not null check (state in ('queued', 'claimed', 'deferred', 'delivered', 'failed', 'cancelled')),
    attempts integer not null default 0,      -- counted before anything is sent
    due_at integer not null,                  -- not before
    first_attempt_at integer,                 -- the Date of the copy, on every retry
    recorded_at integer,                      -- when the last reply was recorded
    relay text,
    code integer,                             -- of the last reply; null: none
    enhanced text,
    reply text,
    kind text check (kind in ('hard', 'soft', 'policy', 'message', 'expired')),
    bounce text check (bounce in ('gone', 'full', 'unreachable', 'other', 'message', 'policy')),  -- null: none
    destination text not null default '',     -- the destination whose limits and pauses apply; empty: none
    claimed_by integer check (claimed_by is null or state = 'claimed'),             -- the session that holds it; null unless claimed
    check ((edition_id is null) <> (notice_id is null))
) strict;
create unique index delivery_once on delivery (subscription_id, edition_id);
create index delivery_bounced on delivery (subscription_id) where bounce is not null;
create index delivery_by_notice on delivery (notice_id) where notice_id is not null;

-- Changes of very many rows that are made a slice at a time; deleted when they are complete.
create table bulk_change (
    id integer primary key autoincrement,
    kind text not null check (kind in ('audience', 'cancel', 'reassign')),
    edition_id integer not null references edition on delete cascade,
    created_at integer not null,              -- when the edition started or was cancelled, or its copies had to move
    done_through integer not null,            -- audience, reassign: the subscriptions up to this id are done
    last_id integer not null                  -- audience, reassign: the last subscription that there was at the start
) strict;
create index bulk_change_by_edition on bulk_change (edition_id);

-- Closed lists that are being removed, their rows a slice at a time; it goes with its list.
create table list_removal (
    list_id integer primary key references list on delete cascade,
    created_at integer not null,              -- when somebody began it: the oldest comes first
    events_through integer not null default 0 -- its events up to this id are gone
) strict;

-- How many copies of an edition are in each state: kept by the transactions that change them, so that nobody counts rows.
create table copy_count (
    edition_id integer primary key references edition on delete cascade,
    queued integer not null default 0,        -- how many are in this state, and so on
    claimed integer not null default 0,       -- in this state
    deferred integer not null default 0,      -- in this state
    delivered integer not null default 0,     -- in this state
    failed integer not null default 0,        -- in this state
    cancelled integer not null default 0,     -- in this state
    refused integer not null default 0,       -- of the failed ones: kind is hard, policy or message
    begun integer not null default 0          -- claimed for the first time, and not given back since
) strict;

-- What became of copies whose rows were removed for their age ([retention] copies), in numbers that name nobody. Their
-- states are in `copy_count`, too.
create table copy_outcome (
    edition_id integer not null references edition on delete cascade,
    destination text not null,                -- the destination; empty: none of its own
    state text not null check (state in ('delivered', 'failed', 'cancelled')),
    kind text not null,                       -- of the failure; empty: none
    bounce text not null,                     -- its class; empty: none
    code integer not null,                    -- of the last reply; 0: none
    enhanced text not null,                   -- its enhanced code; empty: none
    at integer not null,                      -- the beginning of the hour in which they came to their end
    number integer not null,                  -- of copies
    primary key (edition_id, destination, state, kind, bounce, code, enhanced, at)
) strict, without rowid;

-- Subscriptions that have an issue already by another edition than this one: a copy was or will be sent to them, or to a
-- subscription in another language that became them. Nobody gets an issue twice in any language. A copy is looked up as a
-- single value: with a join, PostgreSQL without statistics would read all copies of the other edition for each reader.
create view had_issue as
select mine.id as edition_id, me.id as subscription_id
from edition as mine {not indexed}
cross join list as ours {not indexed}
cross join edition as other {indexed by edition_by_issue}
cross join list as theirs {not indexed}
cross join subscription as me {not indexed}
cross join subscription as former
where ours.id = mine.list_id and other.issue = mine.issue and other.id <> mine.id
    and theirs.id = other.list_id and theirs.family = ours.family
    and former.subscriber_id = me.subscriber_id
    and (former.id = me.id or (former.state in ('unsubscribed', 'pending') and former.moved_to is not null))
    and (
        select copy.state in ('claimed', 'delivered') or (copy.state in ('queued', 'deferred') and other.state <> 'cancelled')
        from delivery as copy where copy.subscription_id = former.id and copy.edition_id = other.id);

-- The same for readers who had the issue at another address, by a subscription that became that of an existing reader (the
-- giver). It is a view of its own because hardly anybody has a row in it, which is checked first.
create view had_issue_elsewhere as
select mine.id as edition_id, me.id as subscription_id
from subscription as me {not indexed}
cross join subscription as own
cross join subscription as giver {indexed by subscription_by_target}
cross join edition as mine {not indexed}
cross join list as ours {not indexed}
cross join edition as other {indexed by edition_by_issue}
cross join list as theirs {not indexed}
where own.subscriber_id = me.subscriber_id
    and (own.id = me.id or (own.state in ('unsubscribed', 'pending') and own.moved_to is not null))
    and giver.moved_to = own.id and giver.subscriber_id <> own.subscriber_id
    and {+}giver.state in ('unsubscribed', 'pending')
    and ours.id = mine.list_id and other.issue = mine.issue and other.id <> mine.id
    and theirs.id = other.list_id and theirs.family = ours.family
    and exists (
        with recursive trail (id) as (
            select giver.id
            union
            select former.id from trail cross join subscription as former {indexed by subscription_by_target}
            where former.moved_to = trail.id and {+}former.state in ('unsubscribed', 'pending'))
        select 1 from trail
        where (
            select copy.state in ('claimed', 'delivered')
                or (copy.state in ('queued', 'deferred') and other.state <> 'cancelled')
            from delivery as copy where copy.subscription_id = trail.id and copy.edition_id = other.id));

-- The reply of the relay before a notification came, which replaced the reply in the row of the copy.
create table handover (
    delivery_id integer primary key references delivery on delete cascade,                     -- of an edition, never of a notice
    at integer,                               -- when that reply was recorded; null: none
    code integer,                             -- the reply
    enhanced text,
    reply text
) strict;

-- Recipient domains with a destination of their own: those of providers, those in the configuration, and those that asked
-- to slow down.
create table destination_domain (
    domain text primary key,                  -- A-label
    destination text not null,                -- the name of the provider or the domain
    learned integer not null check (learned in (0, 1))                              -- 0: written at each start
) strict, without rowid;

-- The state of a destination: its pauses, and how many copies may be in flight at once.
create table destination (
    name text primary key,
    state text not null                       -- JSON: core.pacing.destination_state
) strict, without rowid;

-- Readers who were suspended on every list for bounces, and the only probe that they get.
create table suspension (
    subscriber_id integer primary key references subscriber on delete cascade,
    since integer not null,                   -- when the limit was reached
    first_edition_id integer not null,        -- the first one that bounced; they missed later ones. 0: none, they changed their address
    probed_at integer,                        -- when the probe was queued; null: not yet
    ended_at integer                          -- when they came back, so that earlier bounces no longer count; null: suspended
) strict;
create index suspension_to_probe on suspension (since) where probed_at is null and ended_at is null;

-- Pacing that survives a restart: one row for each scope (process, relay NAME).
create table pace (
    scope text primary key,
    state text not null                       -- JSON: core.pacing.rates.Pace.dump
) strict, without rowid;

-- Events that count against a limit; deleted when they are older than their window.
create table limit_event (
    scope text not null,                      -- the key of the limit in [limits]
    subject blob not null,                    -- whom it counts against: a network, or the keyed hash of an address
    at real not null,
    serial integer not null,                  -- distinguishes events of one moment
    primary key (scope, subject, at, serial)
) strict, without rowid;
create index limit_event_by_age on limit_event (scope, at);

-- The content of accepted mail, once for all recipients; deleted when no row needs it.
create table inbound_content (
    id integer primary key autoincrement,
    digest blob not null unique,              -- SHA-256 of the content
    content blob not null                     -- as it came, without dot-stuffing
) strict;

-- Accepted mail, one row for each recipient, and its result. A processed row keeps the digest, so that a repeated mail is
-- processed once, and nothing else of the mail.
create table inbound (
    id integer primary key autoincrement,
    digest blob not null unique,              -- equal for repeats of the same mail
    content_id integer references inbound_content,
    mail_from text not null,                  -- envelope sender; empty: the null sender, or processed
    recipient text not null,                  -- local part, lower case; without its token once processed
    peer text not null,                       -- network address of the client, or unix; empty: processed
    utf8 integer not null check (utf8 in (0, 1)),                                   -- came with SMTPUTF8
    received_at integer not null,
    state text not null check (state in ('received', 'done', 'kept', 'unreadable', 'failed')),
    outcome text not null default '',         -- the result in a word or two
    recorded_at integer,                      -- when it left `received`
    queue text not null default 'strangers' check (queue in ('readers', 'bounces', 'strangers'))  -- the queue it waits in
) strict;
create index inbound_waiting on inbound (queue, id) where state = 'received';
create index inbound_failed on inbound (recipient) where state = 'failed';
create index inbound_by_content on inbound (content_id) where content_id is not null;
create index inbound_by_age on inbound (state, recorded_at);
