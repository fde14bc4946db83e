"""Notices, what people chose, webhooks and what goes out. New tables, and one column without a default."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


# Of a webhook what was registered is governed; how its deliveries go is not.
GUARD = """
CREATE CONSTRAINT TRIGGER hook_carries_event
    AFTER INSERT OR DELETE OR UPDATE OF team_id, name, scheme, address, secret_ref, happenings,
        paused_at ON governance_hook
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION weir_require_event();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0016_teams_are_closed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=160, unique=True)),
                ('happening', models.CharField(blank=True, max_length=24)),
                ('told', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('sent', 'Sent'), ('gave_up', 'Gave up'), ('dropped', 'Not needed')], default='waiting', max_length=10)),
                ('attempts', models.IntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('last_error', models.CharField(blank=True, max_length=400)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('settled_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Hook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('scheme', models.CharField(max_length=20)),
                ('address', models.CharField(blank=True, max_length=2000)),
                ('secret_ref', models.TextField()),
                ('happenings', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=24), default=list, size=None)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('paused_at', models.DateTimeField(null=True)),
                ('paused_why', models.CharField(blank=True, max_length=400)),
                ('failures', models.IntegerField(default=0)),
                ('retry_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='NoticeChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channels', models.JSONField(default=dict)),
                ('digest_hour', models.PositiveSmallIntegerField(default=8)),
                ('time_zone', models.CharField(default='UTC', max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=120)),
                ('happening', models.CharField(max_length=24)),
                ('sort', models.CharField(max_length=16)),
                ('who', models.CharField(blank=True, max_length=150)),
                ('sentence', models.CharField(max_length=400)),
                ('title', models.CharField(blank=True, max_length=200)),
                ('detail', models.TextField(blank=True)),
                ('url', models.CharField(blank=True, max_length=400)),
                ('why', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('read_at', models.DateTimeField(null=True)),
                ('unread', models.GeneratedField(db_persist=True, expression=models.ExpressionWrapper(models.Q(('read_at__isnull', True)), output_field=models.BooleanField()), output_field=models.BooleanField())),
                ('digest_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-unread', '-id'],
            },
        ),
        migrations.AddField(
            model_name='request',
            name='remind_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='delivery',
            name='request',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='governance.request'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='hook',
            name='created_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='hook',
            name='team',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='hooks', to='governance.team'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='hook',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='governance.hook'),
        ),
        migrations.AddField(
            model_name='noticechoice',
            name='user',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='notice_choice', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='notification',
            name='request',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='governance.request'),
        ),
        migrations.AddField(
            model_name='notification',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='delivery',
            name='notice',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='governance.notification'),
        ),
        migrations.AddConstraint(
            model_name='hook',
            constraint=models.UniqueConstraint(fields=('team', 'name'), name='hook_name_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='noticechoice',
            constraint=models.CheckConstraint(condition=models.Q(('digest_hour__lte', 23)), name='notice_choice_hour_of_a_day'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(fields=['user', '-unread', '-id'], name='notice_inbox'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('digest_at__isnull', False)), fields=['digest_at'], name='notice_digest_due'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('read_at__isnull', False)), fields=['read_at'], name='notice_read'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.UniqueConstraint(fields=('user', 'key'), name='notice_once'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['next_attempt_at'], name='delivery_due'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['hook', '-id'], name='delivery_by_hook'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('settled_at__isnull', False)), fields=['settled_at'], name='delivery_settled'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'sent', 'gave_up', 'dropped'])), name='delivery_state_known'),
        ),
        migrations.RunSQL(GUARD, "DROP TRIGGER hook_carries_event ON governance_hook;"),
    ]
