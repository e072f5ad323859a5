-- name: count
-- One more sign-up in an hour.
insert into sign_up_hour (hour, number) values (:hour, 1)
on conflict (hour) do update set number = number + 1 returning number;

-- name: since
-- How many there were, hour by hour.
select hour, number from sign_up_hour where hour >= :hour;

-- name: sweep
-- Hours that nobody asks for any more.
delete from sign_up_hour where hour < :before;
