-- name: holders
-- The editions of a list that belong to an issue, without those cancelled before anybody got them.
select id, state, source_digest from edition {indexed by edition_by_issue}
where issue = :issue and list_id = :list_id and (state <> 'cancelled' or first_claim_at is not null)
order by id;

-- name: name_it
-- Make editions one issue, or remove them from theirs with null.
update edition set issue = :issue where id {in ids};

-- name: in_family
-- The editions of a family that belong to an issue, without those cancelled before anybody got them.
select edition.id, edition.list_id from edition {indexed by edition_by_issue} cross join list {not indexed}
where edition.issue = :issue and list.id = edition.list_id and list.family = :family
    and (edition.state <> 'cancelled' or edition.first_claim_at is not null)
order by edition.id;

-- name: translations
-- The editions of an issue with a public page, including this one.
select list.name as list_name, other.slug, other.title, other.language
from edition as mine {not indexed}
cross join list as ours {not indexed}
cross join edition as other {indexed by edition_by_issue}
cross join list {not indexed}
where mine.id = :id and ours.id = mine.list_id and other.issue = mine.issue and list.id = other.list_id
    and (other.id = mine.id or (
        list.family = ours.family and list.archive = 'public' and other.first_claim_at is not null
        and other.state <> 'cancelled' and (other.canary_copies is null or other.state = 'finished')))
order by list.language, other.id;
