#!/bin/sh
# Make what is missing in secrets/: passwords, and certificates that the engines are known by. Needs openssl.
#
#     sh secrets.sh [FOLDER]
#
# The folder is readable by its owner only. The files in it are not: the containers that get one each run as users of
# their own, and a file that Compose mounts keeps its mode.
set -eu
umask 077
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
cd "$folder"

password() { openssl rand -hex 24; }

# certificate NAME: a key and a certificate for the service of that name, from the authority of the engines.
certificate() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -keyout "$1.key" -out "$1.csr" \
        -subj "/CN=$1" 2>/dev/null
    printf 'subjectAltName = DNS:%s\nextendedKeyUsage = serverAuth\n' "$1" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile "$1.ext" \
        -out "$1.pem" 2>/dev/null
    rm "$1.csr" "$1.ext"
}

if [ ! -e footnote.env ]; then
    milvus=$(password) redis=$(password) model=$(password) metrics=$(password) minio=$(password)
    cat >footnote.env <<END
FOOTNOTE_MILVUS_TOKEN=root:$milvus
FOOTNOTE_SHARED_PASSWORD=$redis
FOOTNOTE_LLM_API_KEY=$model
FOOTNOTE_METRICS_TOKEN=$metrics
FOOTNOTE_OIDC_CLIENT_SECRET=
END
    cat >milvus.env <<END
COMMON_SECURITY_DEFAULTROOTPASSWORD=$milvus
MINIO_ACCESS_KEY_ID=milvus
MINIO_SECRET_ACCESS_KEY=$minio
END
    cat >minio.env <<END
MINIO_ROOT_USER=milvus
MINIO_ROOT_PASSWORD=$minio
END
    echo "VLLM_API_KEY=$model" >model.env
    printf '%s' "$metrics" >metrics-token
    cat >redis.conf <<END
port 0
tls-port 6379
tls-cert-file /run/secrets/redis_certificate
tls-key-file /run/secrets/redis_key
tls-ca-cert-file /run/secrets/engines_ca
tls-auth-clients no
requirepass $redis
# Counts of the last minutes and the like: nothing that has to outlive a restart.
save ""
appendonly no
maxmemory 256mb
maxmemory-policy volatile-ttl
END
fi

if [ ! -e ca.pem ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -keyout ca.key -out ca.pem -days 3650 \
        -subj "/CN=Footnote engines" 2>/dev/null
    certificate milvus
    certificate redis
fi

if [ ! -e tls.pem ]; then
    # A stand-in that browsers warn of, until the certificate of your own name is here.
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -keyout tls.key -out tls.pem -days 30 \
        -subj "/CN=ask.example.org" -addext "subjectAltName = DNS:ask.example.org" 2>/dev/null
fi

chmod 644 ./*.pem ./*.key ./metrics-token ./redis.conf
chmod 600 ca.key ./*.env
