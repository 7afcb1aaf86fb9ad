/* The object ids of the types we speak, which never change (PostgreSQL's pg_type.dat). Inside
 * adapter/postgres only. */
#ifndef PARLEY_ADAPTER_POSTGRES_OIDS_H
#define PARLEY_ADAPTER_POSTGRES_OIDS_H

#define PG_OID_BYTEA     17
#define PG_OID_INT8      20
#define PG_OID_TEXT      25
#define PG_OID_VARCHAR   1043
#define PG_OID_TIMESTAMP 1114
#define PG_OID_UUID      2950

#define PG_OID_BYTEAS 1001
#define PG_OID_INT8S  1016
#define PG_OID_TEXTS  1009
#define PG_OID_UUIDS  2951

#endif
