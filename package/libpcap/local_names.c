/*
 * Keeps the names in expressions on this machine: a tracer must send no packets, least of all while it
 * looks for those of others, and an expression must mean the same whether or not a server answers. It is
 * linked into our build of libpcap, with `--wrap=getaddrinfo`.
 */
#define _GNU_SOURCE
#include <netdb.h>
#include <nss.h>

int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **result);

/*
 * As getaddrinfo(3), but a node must be an address, and a service has one result: to sort several, the C
 * library opens sockets, and asks the kernel by netlink for the addresses of this machine. The port is that
 * of any family. Libpcap always passes hints.
 */
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **result)
{
    struct addrinfo local = *hints;

    if (node)
        local.ai_flags |= AI_NUMERICHOST;
    else
        local.ai_family = AF_INET;
    return __real_getaddrinfo(node, service, &local, result);
}

/*
 * Takes all other names from files (/etc/services, protocols, networks and ethers), whatever
 * nsswitch.conf(5) says: it may name DNS for networks, and LDAP for each of them. This holds for the whole
 * process, in which nothing else looks these up.
 */
__attribute__((constructor)) static void read_files_only(void)
{
    __nss_configure_lookup("services", "files");
    __nss_configure_lookup("protocols", "files");
    __nss_configure_lookup("networks", "files");
    __nss_configure_lookup("ethers", "files");
}
