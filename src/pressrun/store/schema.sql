-- The tables of Pressrun, as a new database gets them. Times are UTC seconds. Ids are never used twice
-- (autoincrement): an old link must not come to mean somebody else.
-- A change here goes with a step in steps/; a test compares a stepped database with a fresh one.

-- Which keys this database has been used with; a key file that is missing, or another one, is noticed at start.
create table keyring (
    number integer primary key,               -- the key's number in tokens; 0: the key of the suppressions
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
    closed_at integer,                        -- no sign-ups, no editions; null: open
    relay text,                               -- the name of the one that its mail goes through; null: any
    hours text,                               -- 08:00-20:00, when copies of its editions may go out; null: always
    timezone text not null default 'UTC',     -- IANA name, of the clock that the hours mean
    layout text not null default 'letter',    -- a built-in layout, or one of the operator's
    colour text,                              -- #rrggbb; null: the layout's own
    logo text,                                -- SHA-256 of list_logo.content, hex; null: the title stands in its place
    footer text not null default '',          -- plain text below every edition
    leaving_note integer not null default 1 check (leaving_note in (0, 1)),         -- who left is mailed a link to undo it
    front text not null default 'full' check (front in ('full', 'teaser')),         -- the latest edition on the list's page
    cadence text not null default '',         -- when editions come, in the list's own words
    ask_name integer not null default 0 check (ask_name in (0, 1)),                 -- the sign-up form has a field for it
    typeface text not null default 'sans' check (typeface in ('sans', 'serif', 'mono')), -- of the list's pages
    family text                               -- lists of one family are one newsletter, each in its language; null: alone
) strict;
create unique index list_by_family on list (family, lower(language)) where family is not null;

-- The picture that stands for a list's name, in its mails and on its pages.
create table list_logo (
    list_id integer primary key references list on delete cascade,
    name text not null,                       -- of the file
    media_type text not null,
    content blob not null,
    width integer not null,                   -- in pixels, as it came
    height integer not null                   -- the same
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
    mailbox_digest blob,                      -- where its whole mailbox would; null, as mostly: in the same place
    name text not null default '',
    language text not null default '',        -- BCP 47; empty: the list's
    attributes text not null default '{}',    -- imported columns, a JSON object of strings
    epoch integer not null default 0,         -- a bump ends preference links, never unsubscribe links
    created_at integer not null,
    text_only integer not null default 0 check (text_only in (0, 1))                -- copies come without the HTML part
) strict;
create index subscriber_by_digest on subscriber (suppression_digest);
create index subscriber_by_mailbox on subscriber (mailbox_digest) where mailbox_digest is not null;

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
    moved_to integer,                         -- until it is live again: the one of the same reader, in another language, that it became
    unique (subscriber_id, list_id)
) strict;
create index subscription_by_list on subscription (list_id, state, id);
create index subscription_paused on subscription (paused_until) where paused_until is not null;

-- Subscriptions that went over to another language and whose list was removed since: links in old mails still lead there.
create table removed_subscription (
    id integer primary key,
    moved_to integer not null references subscription on delete cascade             -- a subscription that is there
) strict;
create index removed_subscription_by_target on removed_subscription (moved_to);

-- A request to subscribe that waits for its proof, or had it.
create table confirmation (
    id integer primary key autoincrement,
    subscription_id integer not null references subscription on delete cascade,
    round integer not null,
    name text not null default '',            -- taken over only once proven
    language text not null default '',
    created_at integer not null,
    expires_at integer not null,
    leader_id integer                         -- the request whose link confirms this one too; null: it has a link itself
) strict;
create index confirmation_by_leader on confirmation (leader_id) where leader_id is not null;
create index confirmation_by_subscription on confirmation (subscription_id);
create index confirmation_by_end on confirmation (expires_at);

-- What somebody asked for on the web by an address, for the moment until it is carried out: whether anything comes of it
-- must not show in how long the answer takes.
create table errand (
    id integer primary key autoincrement,
    kind text not null check (kind in ('sign-up', 'preferences', 'unsubscribe')),
    list_id integer references list on delete cascade,                              -- null: about no list
    address text not null,                    -- as typed
    name text not null default '',
    language text not null default '',
    ip text,                                  -- null: it came by our Unix socket, and no proxy said
    words text not null default '',           -- what the person was shown
    trust text not null check (trust in ('worked', 'proven', 'unproven', 'trap')),  -- how far the form is believed
    set_aside_at integer,                     -- it could not be carried out, and holds up no other; null: it waits
    also text not null default '[]',          -- further lists that were asked for at once, a JSON array of ids
    words_language text not null default ''   -- of `words`; empty: that of the request
) strict;
create index errand_by_list on errand (list_id) where list_id is not null;

-- How many sign-ups came in, hour by hour: what is usual for this server.
create table sign_up_hour (
    hour integer primary key,                 -- its number since 1970
    number integer not null                   -- on the web and by mail; those of traps and unwanted addresses aside
) strict;

-- Who left by a link that others may have had, too, and what undoing it restores; forgotten when that time is over.
create table leaving (
    id integer primary key autoincrement,
    subscription_id integer not null references subscription on delete cascade,
    former text not null,                     -- JSON: state, suspended_for, paused_until, source, since
    edition_id integer,                       -- where it was counted; null: nowhere
    left_at integer not null,                 -- with the very second of the copies that it cancelled
    expires_at integer not null,
    language text not null default '',        -- of the request; empty: not known
    noted integer not null default 0 check (noted in (0, 1)),                       -- the reader was told of it
    has_said_why integer not null default 0 check (has_said_why in (0, 1))          -- not what: that is counted below
) strict;
create index leaving_by_subscription on leaving (subscription_id);
create index leaving_by_end on leaving (expires_at);
create index leaving_to_note on leaving (id) where noted = 0;

-- Why readers left, where they said so: only how many, of each list and month.
create table leaving_reason (
    list_id integer not null references list on delete cascade,
    month text not null,                      -- 2026-11, in UTC
    reason text not null check (reason in ('too-many', 'not-expected', 'never-signed-up', 'other')),    -- core.leaving_reason
    number integer not null,                  -- of readers
    primary key (list_id, month, reason)
) strict, without rowid;

-- A reader's wish to get everything at another address, and what undoing it restores.
create table address_change (
    id integer primary key autoincrement,
    subscriber_id integer not null references subscriber on delete cascade,
    old_address text not null,                -- as typed, both
    new_address text not null,                -- not in use before it has confirmed
    state text not null check (state in ('asked', 'done', 'undone')),
    former text not null default '{}',        -- JSON, once done: what undoing restores
    created_at integer not null,
    expires_at integer not null               -- asked: the new address must confirm until then; done: undone until then
) strict;
create index address_change_by_subscriber on address_change (subscriber_id);
create index address_change_by_end on address_change (expires_at);

-- Append-only evidence of what was asked and answered. `chain` covers the row before, so a gap shows; content and
-- salt can be erased without breaking it, since the chain holds only the salted digests (core.chain).
create table consent (
    id integer primary key autoincrement,     -- without gaps
    subscriber_id integer,                    -- null: erased, or a mark
    list_id integer,
    event text not null,                      -- requested, confirmed, …; the marks: erased, aged
    at integer not null,
    salt blob,                                -- 16 random octets; null: erased
    content text,                             -- JSON: list, address, source, language, text, mail, message_id; null: erased
    content_digest blob not null,             -- SHA-256 of salt, subscriber_id and content
    chain blob not null,                      -- SHA-256 of the last chain, id, list_id, event, at and both digests
    ip text,                                  -- where it came from; null: not known, aged or erased
    ip_salt blob,                             -- 16 random octets; null with ip
    ip_digest blob                            -- SHA-256 of ip_salt and ip; null: not known
) strict;
create index consent_by_subscriber on consent (subscriber_id, id);
create index consent_with_ip on consent (at) where ip is not null;
create trigger consent_is_appended before insert on consent
when new.id is not (select coalesce(max(id), 0) + 1 from consent)
begin
    select raise(abort, 'consent is append-only: a row follows the last one');
end;
create trigger consent_is_kept before delete on consent
begin
    select raise(abort, 'consent is append-only: no row goes');
end;
create trigger consent_stays before update on consent
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

-- Addresses that get nothing. The digest is keyed, so that an erased address can still be recognised.
create table suppression (
    digest blob primary key,
    address text,                             -- null: erased
    reason text not null check (reason in ('hard-bounce', 'complaint', 'erased', 'never-again', 'operator')),
    since integer not null
) strict, without rowid;

-- The reader behind each subscription, and whether an edition may go to them now: the one rule for all who take, count,
-- claim, give back or requeue copies. "Never again" is the word of a mailbox, other reasons are about one address;
-- suppressions.find says the same of an address that is no reader's. The order of the joins is the one that is
-- meant: statistics must not change it.
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
    braked_at integer,                        -- it paused because it fared badly, which it does once
    dated_at integer,                         -- the date the author gave, for the archive
    created_at integer not null,
    scheduled_at integer,                     -- not before
    started_at integer,                       -- the audience was taken
    first_claim_at integer,                   -- a copy may have gone out: its page exists from here on
    finished_at integer,
    issue text,                               -- editions of a family with the same word are one issue; null: alone
    is_welcome integer not null default 0 check (is_welcome in (0, 1)),             -- it greets new readers and has no page
    unique (list_id, slug)
) strict;
create index edition_by_issue on edition (issue, list_id) where issue is not null;
create index edition_by_digest on edition (list_id, source_digest);
create index edition_live on edition (id) where state in ('scheduled', 'sending');
create index edition_by_state on edition (state);

-- What happened to an edition that the rows of its copies do not keep, counted by the second for its report.
create table edition_tally (
    edition_id integer not null references edition on delete cascade,
    what text not null check (what in ('deferred', 'unsubscribed', 'complained')),                      -- store.tallies
    at integer not null,                      -- the second
    number integer not null,                  -- 0: it was undone
    primary key (edition_id, what, at)
) strict, without rowid;

-- What an edition is made of, apart from `edition` so that listings stay small.
create table edition_content (
    edition_id integer primary key references edition on delete cascade,
    source blob not null,                     -- as it came
    skeleton blob not null,                   -- message.skeleton.Skeleton, encoded
    text text not null,                       -- for the archive, fields at their defaults
    html text,                                -- for the archive, cleaned; null: the edition is plain text
    text_skeleton blob                        -- the skeleton without the HTML part; null: there is none to leave out
) strict;

-- The edition that greets the new readers of a list: each gets one copy on becoming a member.
create table welcome (
    list_id integer primary key references list on delete cascade,
    edition_id integer not null references edition on delete cascade
) strict;
create index welcome_by_edition on welcome (edition_id);

-- An edition as its archive shows it: it has gone out, or is going out beyond a canary.
create view archived_edition as
select edition.*, coalesce(dated_at, first_claim_at) as published_at
from edition
where first_claim_at is not null and state <> 'cancelled' and (canary_copies is null or state = 'finished');
create index edition_archive on edition (list_id, coalesce(dated_at, first_claim_at), id)
where first_claim_at is not null and state <> 'cancelled' and (canary_copies is null or state = 'finished');

-- What the search looks in: the words of each edition as core.searching prepares them; rowid is the edition's id.
create virtual table archive_search using fts5(
    list,                                     -- `l` and the id of its list
    title,
    text,
    prefix = '1 2 3',                         -- words are found by their beginning: it may be short
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'");
-- Words that are deleted leave the index at once, as secure_delete overwrites what is deleted elsewhere.
insert into archive_search (archive_search, rank) values ('secure-delete', 1);

-- Editions that came by mail and wait for their editor.
create table draft (
    edition_id integer primary key references edition on delete cascade,
    findings text not null,                   -- JSON: what preflight found, as message/finding.py writes it
    expires_at integer not null,              -- the last link to approve it ends: then it is cancelled
    editors integer not null default 0,       -- how many sent it: each has a row in draft_editor until removed
    written_at integer not null default 0,    -- when the editor wrote it: its Date, at the latest its arrival
    mail_id integer not null default 0,       -- the mail that it came by, which settles the order within one second
    is_proven integer not null default 0 check (is_proven in (0, 1)),               -- a trusted server found From to be genuine
    replaced_by integer references edition on delete set null                       -- the newer draft of the same editor; null: it is the newest
) strict;
create index draft_by_replacement on draft (replaced_by) where replaced_by is not null;

-- The editors who sent a held edition. It may be released only while none of them is missing here.
create table draft_editor (
    edition_id integer not null references draft on delete cascade,
    list_id integer not null,
    address_key text not null,                -- that of the editor's row, with which this one goes
    primary key (edition_id, address_key),
    foreign key (list_id, address_key) references editor on delete cascade
) strict, without rowid;
create index draft_editor_by_editor on draft_editor (list_id, address_key);

-- Images and files of an edition, for its page; those of a welcome mail by their paths, to make it anew.
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
create index notice_forwarded on notice (id) where kind = 'forward' and content is not null;

-- Mails of sign-ups that wait for an operator: notices without a row in `delivery`.
create table held_notice (
    notice_id integer primary key references notice on delete cascade,
    domain text not null,                     -- of the recipient, A-label
    expires_at integer not null               -- forgotten then, as the request is
) strict;
create index held_notice_by_end on held_notice (expires_at);

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
    bounce text check (bounce in ('gone', 'full', 'unreachable', 'other', 'message', 'policy')),  -- null: none came
    lane text not null default '',            -- whose limits and pauses it waits under; empty: no lane of its own
    check ((edition_id is null) <> (notice_id is null))
) strict;
create index delivery_queue on delivery (edition_id, state, lane, due_at);
create unique index delivery_once on delivery (subscription_id, edition_id);
create index delivery_by_notice on delivery (notice_id) where notice_id is not null;

-- Who has an issue already, by another edition of it than this one: a copy went to their subscription, or to one in
-- another language that became it, or is about to. Nobody gets an issue twice, in whatever languages.
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
    and copy.state in ('queued', 'claimed', 'deferred', 'delivered');

-- What the relay had said of a copy before a notification came: the row of the copy has the notification's words.
create table handover (
    delivery_id integer primary key references delivery on delete cascade,                     -- of an edition, never of a notice
    at integer,                               -- when that reply was recorded; null: none had come
    code integer,                             -- the reply
    enhanced text,
    reply text
) strict;

-- Which recipient domains have a lane: those of a provider, those that the configuration names, and those that asked
-- us to slow down.
create table lane_domain (
    domain text primary key,                  -- A-label
    lane text not null,                       -- named like the provider, or like the domain
    learned integer not null check (learned in (0, 1))                              -- 0: written anew at each start
) strict, without rowid;

-- What was learned of a lane: pauses, and how many copies may be on their way at once.
create table lane (
    name text primary key,
    state text not null                       -- JSON: core.lane_state
) strict, without rowid;

-- Readers whose copies bounced until they were suspended on every list, and the one question that they are asked.
create table suspension (
    subscriber_id integer primary key references subscriber on delete cascade,
    since integer not null,                   -- when the limit was reached
    first_edition_id integer not null,        -- the first one that bounced: from here on they missed editions
    asked_at integer,                         -- the question went out; null: not yet
    ended_at integer                          -- they came back: what bounced before counts no more; null: suspended
) strict;
create index suspension_to_ask on suspension (since) where asked_at is null and ended_at is null;

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

-- The content of mail that was accepted, once however many recipients it had; forgotten when no row needs it.
create table inbound_content (
    id integer primary key autoincrement,
    digest blob not null unique,              -- SHA-256 of the content
    content blob not null                     -- as it came, without dot-stuffing
) strict;

-- Mail that was accepted, one row for each recipient, and what became of it. A row that is dealt with keeps its
-- digest, so that the same mail delivered twice is processed once, and nothing of the mail.
create table inbound (
    id integer primary key autoincrement,
    digest blob not null unique,              -- what makes two deliveries the same mail
    content_id integer references inbound_content,
    mail_from text not null,                  -- envelope sender; empty: the null sender, or dealt with
    recipient text not null,                  -- local part, lower-cased; its token is cut when it is dealt with
    peer text not null,                       -- network address of the client, or unix; empty: dealt with
    utf8 integer not null check (utf8 in (0, 1)),                                   -- came with SMTPUTF8
    received_at integer not null,
    state text not null check (state in ('received', 'done', 'kept', 'unreadable', 'failed')),
    outcome text not null default '',         -- what became of it, in a word or two
    settled_at integer,                       -- when it left `received`
    queue text not null default 'strangers' check (queue in ('readers', 'bounces', 'strangers'))  -- where it waits
) strict;
create index inbound_waiting on inbound (queue, id) where state = 'received';
create index inbound_failed on inbound (recipient) where state = 'failed';
create index inbound_by_content on inbound (content_id) where content_id is not null;
create index inbound_by_age on inbound (state, settled_at);
