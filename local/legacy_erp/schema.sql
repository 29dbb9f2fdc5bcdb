-- Auftragsverwaltung, migrated from an AS/400 in 1998; nobody left to change it.
-- Dates are YYYYMMDD and times HHMMSS, as numbers, in local time (Europe/Berlin). CHAR columns are padded with blanks.
-- Amounts are whole numbers with implied decimals: EPREIS 4, BRUTTO 2, MENGE 3.

CREATE TABLE AUFKOPF (
    AUFNR    CHAR(10)  NOT NULL PRIMARY KEY,   -- order number, leading zeros
    AUFART   CHAR(1)   NOT NULL,               -- A order, G quotation
    KDNR     CHAR(12)  NOT NULL,               -- customer
    AUFDAT   INTEGER   NOT NULL,
    AUFZEI   INTEGER   NOT NULL,
    WAEHR    CHAR(2)   NOT NULL,               -- code table WAE
    ZAHLART  CHAR(2)   NOT NULL,               -- code table ZAH
    ZTOKEN   CHAR(40),                         -- card token of the web shop, blank for invoices
    BRUTTO   INTEGER   NOT NULL,
    LNAME    CHAR(35)  NOT NULL,
    LSTRASSE CHAR(35)  NOT NULL,
    LPLZ     CHAR(10)  NOT NULL,
    LORT     BLOB      NOT NULL,               -- CHAR(30) CCSID 65535: never translated from EBCDIC (code page 273)
    LLAND    CHAR(3)   NOT NULL,               -- code table LND: letters as on number plates
    LHINWEIS CHAR(60),                         -- note for the driver
    ANZPOS   INTEGER   NOT NULL,               -- number of positions
    AENDTS   CHAR(14)  NOT NULL,               -- last change by a person or a batch, local time
    LOEKZ    CHAR(1)   NOT NULL DEFAULT ' ',   -- X deleted
    -- added in 2026 for Orderbridge; nothing else reads or writes them
    OBSTATUS CHAR(1)   NOT NULL DEFAULT ' ',   -- U taken over, B confirmed, A rejected, S cancelled, K with an operator
    OBGRUND  CHAR(80),
    OBID     CHAR(26)
);
CREATE INDEX AUFKOPF_AENDTS ON AUFKOPF (AENDTS, AUFNR);

CREATE TABLE AUFPOS (
    AUFNR  CHAR(10) NOT NULL,
    POSNR  INTEGER  NOT NULL,
    ARTNR  CHAR(18) NOT NULL,
    MENGE  INTEGER  NOT NULL,
    EPREIS INTEGER  NOT NULL,
    MWSTKZ CHAR(1)  NOT NULL,                  -- code table MWS
    LOEKZ  CHAR(1)  NOT NULL DEFAULT ' ',
    PRIMARY KEY (AUFNR, POSNR)
);

CREATE TABLE CODETAB (
    TABELLE CHAR(3)  NOT NULL,
    CODE    CHAR(3)  NOT NULL,
    WERT    CHAR(20) NOT NULL,
    PRIMARY KEY (TABELLE, CODE)
);

CREATE TABLE NUMKRS (
    OBJEKT CHAR(8) NOT NULL PRIMARY KEY,
    NUMMER INTEGER NOT NULL                    -- the last number given away
);
