# Two listening sockets at a port, IPv4 and IPv6, that take what is for others' addresses (IP_TRANSPARENT), handed on as systemd does (sd_listen_fds(3)):
# perl transparent.pl PORT COMMAND ...
use strict;
use warnings;
use POSIX ();
use Socket qw(:DEFAULT IPPROTO_IPV6 IPV6_V6ONLY inet_pton pack_sockaddr_in6);

my ($port, @command) = @ARGV;
my ($ip_transparent, $ipv6_transparent) = (19, 75);

socket(my $four, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($four, SOL_SOCKET, SO_REUSEADDR, 1) or die "reuse: $!";
setsockopt($four, 0, $ip_transparent, 1) or die "transparent: $!";
bind($four, sockaddr_in($port, INADDR_ANY)) or die "bind: $!";
listen($four, 128) or die "listen: $!";

socket(my $six, PF_INET6, SOCK_STREAM, 0) or die "socket6: $!";
setsockopt($six, SOL_SOCKET, SO_REUSEADDR, 1) or die "reuse6: $!";
setsockopt($six, IPPROTO_IPV6, IPV6_V6ONLY, 1) or die "only6: $!";
setsockopt($six, IPPROTO_IPV6, $ipv6_transparent, 1) or die "transparent6: $!";
bind($six, pack_sockaddr_in6($port, inet_pton(PF_INET6, '::'))) or die "bind6: $!";
listen($six, 128) or die "listen6: $!";

# first out of the way, then where they are looked for; dup2 leaves them open for the command
my @kept = map { POSIX::dup(fileno($_)) } ($four, $six);
@kept = map { $_ > 4 ? $_ : POSIX::dup2($_, $_ + 20) && $_ + 20 } @kept;
POSIX::dup2($kept[$_], 3 + $_) for (0, 1);
POSIX::close($_) for @kept;
$ENV{LISTEN_FDS} = 2;
$ENV{LISTEN_PID} = $$;
exec { $command[0] } @command or die "exec: $!";
