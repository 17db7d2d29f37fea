BEGIN TRANSACTION;
CREATE TABLE sxs_acts (
	batch VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	person VARCHAR NOT NULL, 
	pair VARCHAR NOT NULL, 
	turn INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	gold BOOLEAN NOT NULL, 
	preference VARCHAR NOT NULL, 
	seconds FLOAT, 
	comment TEXT NOT NULL, 
	guidelines INTEGER NOT NULL, 
	token VARCHAR NOT NULL, 
	undoes INTEGER, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (batch, number), 
	UNIQUE (batch, person, pair, turn), 
	UNIQUE (batch, person, token), 
	FOREIGN KEY(batch, undoes) REFERENCES sxs_acts (batch, number), 
	FOREIGN KEY(batch, guidelines) REFERENCES sxs_guidelines (batch, version), 
	FOREIGN KEY(batch) REFERENCES sxs_batches (name)
);
INSERT INTO "sxs_acts" VALUES('b',1,'ann','ebfc21ecee36ef2b',0,1,1,'A>B',10.0,'',1,'ann/ebfc21ecee36ef2b',NULL,'2026-05-04T09:00:00.000000+00:00');
INSERT INTO "sxs_acts" VALUES('b',2,'ann','19fcd6b3573bbc12',0,2,0,'A>B',10.0,'é',1,'ann/19fcd6b3573bbc12',NULL,'2026-05-04T09:00:01.000000+00:00');
INSERT INTO "sxs_acts" VALUES('b',3,'ann','e716929052e0e6c7',0,3,0,'A>B',10.0,'',1,'ann/e716929052e0e6c7',NULL,'2026-05-04T09:00:02.000000+00:00');
INSERT INTO "sxs_acts" VALUES('b',4,'ann','ebb9f251acfa3756',0,4,0,'A>B',10.0,'',1,'ann/ebb9f251acfa3756',NULL,'2026-05-04T09:00:03.000000+00:00');
INSERT INTO "sxs_acts" VALUES('b',5,'ann','ebb9f251acfa3756',1,4,0,'A>B',NULL,'',1,'u',4,'2026-05-04T09:00:05.000000+00:00');
INSERT INTO "sxs_acts" VALUES('b',6,'bob','ebfc21ecee36ef2b',0,6,1,'A>B',10.0,'',1,'bob/ebfc21ecee36ef2b',NULL,'2026-05-04T09:00:07.000000+00:00');
INSERT INTO "sxs_acts" VALUES('b',7,'bob','19fcd6b3573bbc12',0,7,0,'unresolved',NULL,'',1,'bob/19fcd6b3573bbc12',NULL,'2026-05-04T09:00:08.000000+00:00');
INSERT INTO "sxs_acts" VALUES('b',8,'bob','e716929052e0e6c7',0,8,0,'both_bad',10.0,'',2,'bob/e716929052e0e6c7',NULL,'2026-05-04T09:00:09.000000+00:00');
INSERT INTO "sxs_acts" VALUES('b',9,'ann','19fcd6b3573bbc12',1,2,0,'A>B',NULL,'',1,'c/undo',2,'2026-05-04T09:00:10.000000+00:00');
INSERT INTO "sxs_acts" VALUES('b',10,'ann','19fcd6b3573bbc12',2,2,0,'B>>A',10.0,'',1,'c',NULL,'2026-05-04T09:00:10.000000+00:00');
CREATE TABLE sxs_adjudications (
	batch VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	pair VARCHAR NOT NULL, 
	lead VARCHAR NOT NULL, 
	preference VARCHAR NOT NULL, 
	comment TEXT NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (batch, number), 
	FOREIGN KEY(batch) REFERENCES sxs_batches (name)
);
CREATE TABLE sxs_batches (
	name VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "sxs_batches" VALUES('b','1dc40dfc9fb3636dd182bf541c5168d53d3d787ede1a6cfdd592a6702771a0f1','{"batch":{"gold":[{"answer_a":"yes","answer_b":"no","gold":"A>B","harms":[],"messages":[{"content":"plain question 0","role":"user"}],"model_a":"right","model_b":"wrong","prompt":"gold-0","topic":""}],"pairs":[{"answer_a":"A0","answer_b":"B0","gold":null,"harms":[],"messages":[{"content":"question 0","role":"user"}],"model_a":"new","model_b":"old","prompt":"0","topic":""},{"answer_a":"A2","answer_b":"B2","gold":null,"harms":[],"messages":[{"content":"question 2","role":"user"}],"model_a":"new","model_b":"old","prompt":"2","topic":""},{"answer_a":"A1","answer_b":"B1","gold":null,"harms":[],"messages":[{"content":"question 1","role":"user"}],"model_a":"new","model_b":"old","prompt":"1","topic":""}],"settled":[],"terms":{"baseline":"old","candidates":["new"],"gold_share":0.0,"guidelines":"# Be fair","name":"b","overlap":2,"policy":"release","prompts":3,"rules":{"floor_seconds":3.0,"gold_least":5,"lease_minutes":30,"pause_below":0.5,"qualification":1,"qualified_at":0.7,"warn_below":0.7},"seed":7}},"schema":"gate.batch/1"}
','2026-05-04T09:00:00.000000+00:00');
CREATE TABLE sxs_flags (
	batch VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	pair VARCHAR NOT NULL, 
	person VARCHAR NOT NULL, 
	comment TEXT NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (batch, number), 
	UNIQUE (batch, pair, person, comment), 
	FOREIGN KEY(batch) REFERENCES sxs_batches (name)
);
INSERT INTO "sxs_flags" VALUES('b',1,'e716929052e0e6c7','bob','cut off','2026-05-04T09:00:11.000000+00:00');
CREATE TABLE sxs_guidelines (
	batch VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (batch, version), 
	FOREIGN KEY(batch) REFERENCES sxs_batches (name)
);
INSERT INTO "sxs_guidelines" VALUES('b',1,'# Be fair','','2026-05-04T09:00:00.000000+00:00');
INSERT INTO "sxs_guidelines" VALUES('b',2,'# Be kind','lea','2026-05-04T09:00:06.000000+00:00');
CREATE TABLE sxs_people (
	batch VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	change INTEGER NOT NULL, 
	segment VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	link INTEGER NOT NULL, 
	opted_out TEXT NOT NULL, 
	qualified BOOLEAN NOT NULL, 
	since INTEGER NOT NULL, 
	changed_by TEXT NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (batch, name, change), 
	FOREIGN KEY(batch) REFERENCES sxs_batches (name)
);
INSERT INTO "sxs_people" VALUES('b','ann',1,'expert','working','',1,'[]',0,0,'lea','2026-05-04T09:00:00.000000+00:00');
INSERT INTO "sxs_people" VALUES('b','bob',1,'','working','',1,'[]',0,0,'','2026-05-04T09:00:00.000000+00:00');
INSERT INTO "sxs_people" VALUES('b','ann',2,'expert','working','',1,'[]',1,0,'','2026-05-04T09:00:00.000000+00:00');
INSERT INTO "sxs_people" VALUES('b','bob',2,'','working','',1,'[]',1,0,'','2026-05-04T09:00:07.000000+00:00');
INSERT INTO "sxs_people" VALUES('b','bob',3,'','working','',1,'["violence"]',1,0,'','2026-05-04T09:00:12.000000+00:00');
INSERT INTO "sxs_people" VALUES('b','bob',4,'','paused','too fast',1,'["violence"]',1,0,'lea','2026-05-04T09:00:13.000000+00:00');
CREATE TABLE sxs_schema (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "sxs_schema" VALUES(1);
CREATE TABLE sxs_seats (
	batch VARCHAR NOT NULL, 
	pair VARCHAR NOT NULL, 
	seat INTEGER NOT NULL, 
	person VARCHAR NOT NULL, 
	until VARCHAR, 
	PRIMARY KEY (batch, pair, seat), 
	UNIQUE (batch, pair, person), 
	FOREIGN KEY(batch) REFERENCES sxs_batches (name)
);
INSERT INTO "sxs_seats" VALUES('b','19fcd6b3573bbc12',0,'ann',NULL);
INSERT INTO "sxs_seats" VALUES('b','e716929052e0e6c7',0,'ann',NULL);
INSERT INTO "sxs_seats" VALUES('b','ebb9f251acfa3756',0,'ann','2026-05-04T09:30:05.000000+00:00');
INSERT INTO "sxs_seats" VALUES('b','e716929052e0e6c7',1,'bob',NULL);
CREATE TABLE sxs_stops (
	batch VARCHAR NOT NULL, 
	why TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	at VARCHAR NOT NULL, 
	PRIMARY KEY (batch), 
	FOREIGN KEY(batch) REFERENCES sxs_batches (name)
);
COMMIT;
