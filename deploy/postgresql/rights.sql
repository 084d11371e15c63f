-- What the roles that the site runs as may do, where they do not own the tables. Run as the tables'
-- owner after each `migrate`:
--     psql -v site=northgate -v worker=northgate_worker -f deploy/postgresql/rights.sql "$OWNERS_DATABASE_URL"
-- `site` serves pages, which is where strangers come to: of the trail it may read and add to it, and
-- neither change, take away nor place anything, nor drop the key of anybody. `worker` runs the worker
-- and the commands: it gives entries their places, drops keys of people who are erased, and takes away
-- what the guards let go. Neither can change what an entry says or take a guard off (docs/trail.md).
-- One role for both is possible: name it twice. It can then take away what it says was pruned.
GRANT USAGE ON SCHEMA public TO :"site", :"worker";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"site", :"worker";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO :"site", :"worker";
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM :"site", :"worker";
REVOKE UPDATE, DELETE ON audit_entry, audit_subjectkey FROM :"site", :"worker";
REVOKE INSERT, UPDATE, DELETE ON audit_segment, audit_head FROM :"site", :"worker";
GRANT UPDATE (sequence, seal), DELETE ON audit_entry TO :"worker";
GRANT UPDATE ON audit_subjectkey TO :"worker";
GRANT INSERT, UPDATE (told_at, pruned_at, mac) ON audit_segment TO :"worker";
GRANT INSERT, UPDATE ON audit_head TO :"worker";
