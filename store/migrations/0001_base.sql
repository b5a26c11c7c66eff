-- Ids are given by the database. Times are Unix milliseconds, 0 is never.
CREATE TABLE project (
	id {{id}},
	name TEXT NOT NULL UNIQUE,
	title TEXT NOT NULL DEFAULT '',
	created BIGINT NOT NULL
);

-- One digest under one name. current: the newest of its name, platform and kind.
CREATE TABLE image (
	id {{id}},
	project BIGINT NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	platform TEXT NOT NULL,
	digest TEXT NOT NULL,
	is_current SMALLINT NOT NULL,
	running INTEGER NOT NULL DEFAULT 0,
	report BIGINT NOT NULL DEFAULT 0,
	reported BIGINT NOT NULL,
	first_seen BIGINT NOT NULL,
	changed BIGINT NOT NULL,
	created BIGINT NOT NULL DEFAULT 0,
	size BIGINT NOT NULL DEFAULT 0,
	distro TEXT NOT NULL DEFAULT '',
	base TEXT NOT NULL DEFAULT '',
	snapshot TEXT NOT NULL DEFAULT '',
	allow SMALLINT NOT NULL DEFAULT 0,
	gaps INTEGER NOT NULL DEFAULT 0,
	score INTEGER NOT NULL DEFAULT -1,
	components INTEGER NOT NULL DEFAULT 0,
	critical INTEGER NOT NULL DEFAULT 0,
	high INTEGER NOT NULL DEFAULT 0,
	medium INTEGER NOT NULL DEFAULT 0,
	low INTEGER NOT NULL DEFAULT 0,
	negligible INTEGER NOT NULL DEFAULT 0,
	unknown INTEGER NOT NULL DEFAULT 0,
	fixable INTEGER NOT NULL DEFAULT 0,
	kev INTEGER NOT NULL DEFAULT 0,
	waived INTEGER NOT NULL DEFAULT 0,
	risk BIGINT NOT NULL DEFAULT 0,
	unjudged SMALLINT NOT NULL DEFAULT 0,
	UNIQUE (project, kind, name, platform, digest)
);
CREATE INDEX image_live ON image (project, risk DESC, id DESC) WHERE is_current = 1 OR running > 0;
CREATE INDEX image_unjudged ON image (id) WHERE unjudged = 1;
CREATE INDEX image_digest ON image (digest);
CREATE INDEX image_changed ON image (project, changed, id);

CREATE TABLE report (
	id {{id}},
	project BIGINT NOT NULL,
	image BIGINT NOT NULL,
	digest {{bytes}} NOT NULL,
	at BIGINT NOT NULL,
	received BIGINT NOT NULL,
	who TEXT NOT NULL,
	tool TEXT NOT NULL,
	snapshot TEXT NOT NULL,
	allow SMALLINT NOT NULL,
	gaps INTEGER NOT NULL,
	score INTEGER NOT NULL,
	components INTEGER NOT NULL,
	critical INTEGER NOT NULL,
	high INTEGER NOT NULL,
	medium INTEGER NOT NULL,
	low INTEGER NOT NULL,
	negligible INTEGER NOT NULL,
	unknown INTEGER NOT NULL,
	UNIQUE (project, digest)
);
CREATE INDEX report_image ON report (image, at, id);

-- Content by its sha256: skeletons of reports, components of layers, words of advisories.
CREATE TABLE chunk (
	hash {{bytes}} NOT NULL PRIMARY KEY,
	data {{bytes}} NOT NULL,
	seen BIGINT NOT NULL
) {{clustered}};

CREATE TABLE layer (
	id {{id}},
	hash {{bytes}} NOT NULL UNIQUE,
	diff_id TEXT NOT NULL,
	chunk {{bytes}} NOT NULL,
	members {{bytes}} NOT NULL,
	components INTEGER NOT NULL,
	seen BIGINT NOT NULL
);
CREATE INDEX layer_diff ON layer (diff_id);

-- platform: of the child of an index that the layer belongs to.
CREATE TABLE image_layer (
	layer BIGINT NOT NULL,
	image BIGINT NOT NULL,
	platform TEXT NOT NULL,
	base SMALLINT NOT NULL,
	PRIMARY KEY (layer, image, platform)
) {{clustered}};
CREATE INDEX image_layer_image ON image_layer (image);

CREATE TABLE component (
	id {{id}},
	hash {{bytes}} NOT NULL UNIQUE,
	kind TEXT NOT NULL,
	version TEXT NOT NULL,
	form {{bytes}} NOT NULL
);

-- The names that a component is asked for by: its own, its purl's, its source's.
CREATE TABLE component_word (
	word TEXT NOT NULL,
	component BIGINT NOT NULL,
	PRIMARY KEY (word, component)
) {{clustered}};

CREATE TABLE component_layer (
	component BIGINT NOT NULL,
	layer BIGINT NOT NULL,
	PRIMARY KEY (component, layer)
) {{clustered}};

CREATE TABLE issue (
	id {{id}},
	hash {{bytes}} NOT NULL UNIQUE,
	check_id TEXT NOT NULL,
	advisory TEXT NOT NULL,
	component TEXT NOT NULL,
	rank SMALLINT NOT NULL,
	body {{bytes}} NOT NULL
);
CREATE INDEX issue_advisory ON issue (advisory);
CREATE INDEX issue_check ON issue (check_id);
CREATE INDEX issue_component ON issue (component);

CREATE TABLE advisory (
	id TEXT NOT NULL PRIMARY KEY,
	chunk {{bytes}} NOT NULL,
	body {{bytes}} NOT NULL
) {{clustered}};

-- rank is severity*128+score; flags are 1 a fix is there, 2 known to be exploited, 4 from the base image.
CREATE TABLE finding (
	id {{id}},
	project BIGINT NOT NULL,
	image BIGINT NOT NULL,
	key {{bytes}} NOT NULL,
	issue BIGINT NOT NULL,
	rank SMALLINT NOT NULL,
	flags SMALLINT NOT NULL,
	state SMALLINT NOT NULL,
	first_seen BIGINT NOT NULL,
	changed BIGINT NOT NULL,
	waiver BIGINT NOT NULL DEFAULT 0,
	UNIQUE (image, key)
);
-- flags are in it so that counting reads nothing else.
CREATE INDEX finding_open ON finding (project, rank DESC, issue DESC, id DESC, flags) WHERE state < 3;
CREATE INDEX finding_changed ON finding (project, changed, id);
CREATE INDEX finding_waiver ON finding (waiver) WHERE waiver <> 0;

CREATE TABLE finding_event (
	id {{id}},
	project BIGINT NOT NULL,
	finding BIGINT NOT NULL,
	at BIGINT NOT NULL,
	who TEXT NOT NULL,
	was SMALLINT NOT NULL,
	now SMALLINT NOT NULL,
	why TEXT NOT NULL
);
CREATE INDEX finding_event_finding ON finding_event (finding);

CREATE TABLE waiver (
	id {{id}},
	project BIGINT NOT NULL,
	body {{bytes}} NOT NULL,
	who TEXT NOT NULL,
	created BIGINT NOT NULL,
	expires BIGINT NOT NULL,
	ended BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX waiver_project ON waiver (project, ended);

CREATE TABLE workload (
	id {{id}},
	project BIGINT NOT NULL,
	cluster TEXT NOT NULL,
	namespace TEXT NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	container TEXT NOT NULL,
	image TEXT NOT NULL,
	digest TEXT NOT NULL,
	seen BIGINT NOT NULL,
	UNIQUE (project, cluster, namespace, kind, name, container)
);
CREATE INDEX workload_digest ON workload (project, digest);

CREATE TABLE alert (
	id {{id}},
	project BIGINT NOT NULL,
	uid {{bytes}} NOT NULL,
	at BIGINT NOT NULL,
	received BIGINT NOT NULL,
	severity SMALLINT NOT NULL,
	check_id TEXT NOT NULL,
	digest TEXT NOT NULL,
	place TEXT NOT NULL,
	body {{bytes}} NOT NULL,
	UNIQUE (project, uid)
);
CREATE INDEX alert_at ON alert (project, at, id);

CREATE TABLE document (
	id {{id}},
	project BIGINT NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	version BIGINT NOT NULL,
	body {{bytes}} NOT NULL,
	who TEXT NOT NULL,
	changed BIGINT NOT NULL,
	UNIQUE (project, kind, name)
);

CREATE TABLE trend (
	project BIGINT NOT NULL,
	day BIGINT NOT NULL,
	body {{bytes}} NOT NULL,
	PRIMARY KEY (project, day)
) {{clustered}};

-- Open findings by what is said of them; written by a job where counting anew takes long.
CREATE TABLE tally (
	project BIGINT NOT NULL,
	issue BIGINT NOT NULL,
	rank SMALLINT NOT NULL,
	findings BIGINT NOT NULL,
	fixable BIGINT NOT NULL,
	kev BIGINT NOT NULL,
	running BIGINT NOT NULL,
	PRIMARY KEY (project, issue)
) {{clustered}};

CREATE TABLE notice (
	id {{id}},
	project BIGINT NOT NULL,
	key TEXT NOT NULL,
	kind TEXT NOT NULL,
	at BIGINT NOT NULL,
	body {{bytes}} NOT NULL,
	settled BIGINT NOT NULL DEFAULT 0,
	UNIQUE (project, key)
);
CREATE INDEX notice_open ON notice (id) WHERE settled = 0;

CREATE TABLE account (
	id {{id}},
	name TEXT NOT NULL UNIQUE,
	email TEXT NOT NULL DEFAULT '',
	hash TEXT NOT NULL DEFAULT '',
	subject TEXT NOT NULL DEFAULT '',
	is_admin SMALLINT NOT NULL DEFAULT 0,
	disabled SMALLINT NOT NULL DEFAULT 0,
	created BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_subject ON account (subject) WHERE subject <> '';

CREATE TABLE member (
	account BIGINT NOT NULL,
	project BIGINT NOT NULL,
	role TEXT NOT NULL,
	PRIMARY KEY (account, project)
) {{clustered}};

CREATE TABLE token (
	id {{id}},
	hash {{bytes}} NOT NULL UNIQUE,
	name TEXT NOT NULL,
	account BIGINT NOT NULL DEFAULT 0,
	project BIGINT NOT NULL DEFAULT 0,
	role TEXT NOT NULL,
	scopes TEXT NOT NULL,
	who TEXT NOT NULL,
	created BIGINT NOT NULL,
	expires BIGINT NOT NULL DEFAULT 0,
	used BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE session (
	token TEXT NOT NULL PRIMARY KEY,
	data {{bytes}} NOT NULL,
	expires BIGINT NOT NULL
) {{clustered}};
CREATE INDEX session_expires ON session (expires);

CREATE TABLE audit (
	id {{id}},
	project BIGINT NOT NULL,
	at BIGINT NOT NULL,
	who TEXT NOT NULL,
	action TEXT NOT NULL,
	target TEXT NOT NULL,
	detail TEXT NOT NULL
);
CREATE INDEX audit_project ON audit (project, id);

CREATE TABLE once (
	project BIGINT NOT NULL,
	key TEXT NOT NULL,
	digest {{bytes}} NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (project, key)
) {{clustered}};
