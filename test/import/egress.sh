#!/bin/sh
# lines of the two iptables articles, as they were printed
IPTABLES=/sbin/iptables
while read IP ; do
 /sbin/iptables -t mangle -A PREROUTING -s $IP -p tcp --dport 1863 -j REJECT
done
$IPTABLES -P FORWARD DROP
$IPTABLES -A INPUT -i lo -p all -j ACCEPT
$IPTABLES -A INPUT -d lo -j REJECT--reject-with icmp-port-unreachable
$IPTABLES -A INPUT -d lo -j REJECT --reject-with icmp-network-unreachable
$IPTABLES -A INPUT -p icmp --icmp-type echo-request -j ACCEPT
$IPTABLES -A FORWARD -m state --state ESTABLISHED,RELATED -j ACCEPT
$IPTABLES -A FORWARD -i eth0 -o eth1 -s 192.168.51.0/27 -p tcp -m multiport --dports 25,110 -j ACCEPT
$IPTABLES -A FORWARD -i eth0 -o eth1 -s 192.168.51.0/26 -p tcp --destination-port 25 -m state --state NEW,ESTABLISHED -j ACCEPT
