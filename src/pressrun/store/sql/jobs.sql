-- name: insert
-- Queue a job.
insert into job (kind, list_id, state, source, actor, media_type, file, requires_confirmation, is_dry_run, max_unsubscribes, total, members, digest, created_at,
    expires_at)
values (:kind, :list_id, 'queued', :source, :actor, :media_type, :file, :requires_confirmation, :is_dry_run, :max_unsubscribes, :total, :members, :digest, :now,
    :expires_at)
returning id;

-- name: get
-- One job, which stays as it is until the commit.
select job.id, job.kind, job.list_id, list.name as list_name, job.state, job.source, job.actor, job.media_type, job.file, job.requires_confirmation,
    job.is_dry_run, job.max_unsubscribes, job.total, job.members, job.position, job.result, job.digest, job.plan, job.problem, job.created_at,
    job.expires_at
from job join list on list.id = job.list_id where job.id = :id {lock of job};

-- name: live_of_list
-- The job of a list that waits or runs.
select id from job where list_id = :list_id and state in ('queued', 'running', 'applying') order by id limit 1;

-- name: live
-- Jobs that wait or run, oldest first.
select id from job where state in ('queued', 'running', 'applying') order by id;

-- name: count_unfinished
-- How many jobs have files, in all and of one list.
select count(*) as total, count(*) filter (where list_id = :list_id) as own from job where state in ('queued', 'running', 'ready', 'applying');

-- name: files
-- The files of unfinished jobs.
select id, file from job where state in ('queued', 'running', 'ready', 'applying');

-- name: record
-- What a job is now.
update job set state = :state, actor = :actor, position = :position, total = :total, result = :result, plan = :plan, problem = :problem,
    expires_at = :expires_at
where id = :id and state = :was;

-- name: cancel
-- End jobs that have not ended.
update job set state = 'cancelled', problem = :problem
where file in (select one.value ->> 0 from {each files as one}) and state in ('queued', 'running', 'ready', 'applying');

-- name: delete
-- Delete a job.
delete from job where id = :id;

-- name: sweep
-- Jobs that have expired, but none that is carried out.
delete from job where id in (select id from job where expires_at <= :now
        and state in ('ready', 'done', 'failed', 'cancelled') order by expires_at limit 1000);
