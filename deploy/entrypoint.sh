#!/bin/sh
# Trust the authority that secrets.sh made for the engines, beside those of the system: Redis and the identity provider
# are reached by SSL_CERT_FILE, Milvus by gRPC's own variable.
set -eu
if [ -r /run/secrets/engines_ca ]; then
    cat /etc/ssl/certs/ca-certificates.crt /run/secrets/engines_ca >/tmp/authorities.pem
    export SSL_CERT_FILE=/tmp/authorities.pem GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=/tmp/authorities.pem
fi
exec footnote "$@"
