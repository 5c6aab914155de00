(* Theorem T15 (fractional-moments): inequalities for real numbers and for an abstract
   expectation.  Powers with real exponents are those of the standard library, x^p =
   e^{p ln x} for x > 0 (and 0^0 = 1).

     power_exp_bound     w^p e^{-tw} <= (p/e)^p t^{-p}
     one_minus_exp_le    1 - e^{-x} <= x^p for 0 <= p <= 1
     tail_exp_le         (1+x) e^{-x} <= e^{-th} e^{-th x}/(1-th)
     transform_le_exp    phi(t0) <= e^{-c t0} gives phi(t) <= e^{-ct} on [0, t0], phi = E e^{-tw}:
                         ln phi is convex and 0 at 0
     second_moment_le    E[(wf)^2 e^{-tw}] <= ((2-q)/e)^{2-q} t^{q-2} E[w^q f^2],  q <= 2
     first_moment_le     (E[w f e^{-tw}])^2 <= t^{2q-2} E w^q E[w^q f^2] if E[w f] = 0, 1 <= q <= 2 *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Rcomplements.
From AttentionBounds.foundation Require Import exponential_bounds abstract_expectation.
From AttentionBounds.laplace Require Import inverse_power.
Local Open Scope R_scope.

Lemma ln_le_minus_one z : 0 < z -> ln z <= z - 1.
Proof. intros Hz. pose proof (exp_ge_1x (ln z)) as H. rewrite exp_ln in H by auto. lra. Qed.

Lemma power_exp_bound p t w : 0 <= p -> 0 < t -> 0 < w ->
  Rpower w p * exp (- t * w) <= Rpower (p / exp 1) p * Rpower t (- p).
Proof.
  intros [Hp|<-] Ht Hw; unfold Rpower.
  2:{ rewrite Ropp_0, !Rmult_0_l, exp_0. rewrite Rmult_1_l, Rmult_1_l, <- exp_0. apply exp_le_compat. nra. }
  rewrite <- !exp_plus. apply exp_le_compat.
  assert (He : 0 < exp 1) by apply exp_pos.
  unfold Rdiv. rewrite ln_mult, ln_Rinv, ln_exp by (auto; now apply Rinv_0_lt_compat).
  assert (Hz : 0 < t * w * / p).
  { apply Rmult_lt_0_compat; [now apply Rmult_lt_0_compat|now apply Rinv_0_lt_compat]. }
  pose proof (ln_le_minus_one _ Hz) as H.
  rewrite !ln_mult, ln_Rinv in H by (auto; try (now apply Rinv_0_lt_compat); now apply Rmult_lt_0_compat).
  apply Rmult_le_compat_l with (r := p) in H; [|lra].
  replace (p * (t * w * / p - 1)) with (t * w - p) in H by (field; lra). lra.
Qed.

Lemma one_minus_exp_le p x : 0 <= p <= 1 -> 0 < x -> 1 - exp (- x) <= Rpower x p.
Proof.
  intros [H0 H1] Hx. pose proof (exp_pos (- x)). pose proof (exp_ge_1x (- x)).
  destruct (Rle_lt_dec 1 x) as [K|K]; unfold Rpower.
  - apply Rle_trans with 1; [lra|]. rewrite <- exp_0. apply exp_le_compat.
    apply Rmult_le_pos; auto. rewrite <- ln_1. destruct K as [K|<-]; [|lra].
    left. apply ln_increasing; lra.
  - apply Rle_trans with x; [lra|]. rewrite <- (exp_ln x) at 1 by auto. apply exp_le_compat.
    assert (ln x < 0) by (rewrite <- ln_1; apply ln_increasing; lra). nra.
Qed.

(* x^p <= 1 + x^3 for 0 <= p <= 3 *)
Lemma power_le_cube x p : 0 < x -> 0 <= p /\ p <= 3 -> Rpower x p <= 1 + x ^ 3.
Proof.
  intros Hx [H0 H3]. assert (0 < x ^ 3) by now apply pow_lt.
  destruct (Rle_lt_dec 1 x) as [K|K].
  - apply Rle_trans with (Rpower x (INR 3)); [|rewrite Rpower_pow by auto; lra].
    destruct K as [K|<-]; [|unfold Rpower; rewrite ln_1, !Rmult_0_r; lra].
    apply Rle_Rpower; [lra|simpl; lra].
  - unfold Rpower. apply Rle_trans with 1; [|lra]. rewrite <- exp_0. apply exp_le_compat.
    assert (ln x < 0) by (rewrite <- ln_1; apply ln_increasing; lra). nra.
Qed.

Lemma le_one_plus_power x q : 0 < x -> 1 <= q -> x <= 1 + Rpower x q.
Proof.
  intros Hx Hq. assert (0 < Rpower x q) by apply exp_pos.
  destruct (Rle_lt_dec x 1) as [K|K]; [lra|].
  assert (H1 : x <= Rpower x q); [|lra].
  rewrite <- (Rpower_1 x) at 1 by auto. apply Rle_Rpower; lra.
Qed.

Lemma tail_exp_le th x : 0 < th < 1 ->
  (1 + x) * exp (- x) <= exp (- th) / (1 - th) * exp (- (th * x)).
Proof.
  intros Hth. pose proof (exp_ge_1x ((1 - th) * (1 + x) - 1)) as H.
  replace (1 + ((1 - th) * (1 + x) - 1)) with ((1 - th) * (1 + x)) in H by ring.
  apply Rmult_le_reg_l with (1 - th); [lra|].
  replace ((1 - th) * (exp (- th) / (1 - th) * exp (- (th * x)))) with (exp (- th) * exp (- (th * x))) by (field; lra).
  apply Rmult_le_compat_r with (r := exp (- x)) in H; [|left; apply exp_pos].
  rewrite <- exp_plus in H. rewrite <- exp_plus. rewrite <- Rmult_assoc.
  replace (- th + - (th * x)) with ((1 - th) * (1 + x) - 1 + - x) by ring. exact H.
Qed.

Lemma inverse_square_tail t W : 0 < W ->
  inverse_power_tail 2 t W * W ^ 2 = (1 + t * W) * exp (- (t * W)).
Proof.
  intros HW. simpl. replace (- t * W) with (- (t * W)) by ring. field. lra.
Qed.

(* e^{lu} <= 1 + l (e^u - 1) *)
Lemma exp_convex l u : 0 <= l <= 1 -> exp (l * u) <= 1 + l * (exp u - 1).
Proof.
  intros [H0 H1]. set (e := exp (l * u)). assert (He : 0 < e) by apply exp_pos.
  assert (A : e * (1 + (1 - l) * u) <= exp u).
  { replace (exp u) with (e * exp ((1 - l) * u)) by (unfold e; rewrite <- exp_plus; f_equal; ring).
    apply Rmult_le_compat_l; [lra|]. apply exp_ge_1x. }
  assert (B : e * (1 - l * u) <= 1).
  { replace 1 with (e * exp (- (l * u))) at 2 by (unfold e; rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
    apply Rmult_le_compat_l; [lra|]. pose proof (exp_ge_1x (- (l * u))). lra. }
  nra.
Qed.

Section Moments.
Context {T : Type} (mu : Expectation T).
Variable w : T -> R.
Hypothesis w_pos : forall x, 0 < w x.
Hypothesis exp_int : forall t, 0 <= t -> Int mu (fun x => exp (- t * w x)).

Lemma transform_le_exp t0 c t : 0 < t0 -> 0 <= t <= t0 ->
  Ex mu (fun x => exp (- t0 * w x)) <= exp (- (c * t0)) ->
  Ex mu (fun x => exp (- t * w x)) <= exp (- (c * t)).
Proof.
  intros Ht0 Ht H. set (l := t / t0).
  assert (Hl : 0 <= l <= 1).
  { unfold l. split; [apply Rmult_le_pos; [lra|left; now apply Rinv_0_lt_compat]|].
    apply Rmult_le_reg_r with t0; auto. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  assert (El : l * t0 = t) by (unfold l; field; lra).
  set (a := exp (- (c * t))). assert (Ha : 0 < a) by apply exp_pos.
  assert (I0 := exp_int t0 (Rlt_le _ _ Ht0)).
  assert (J := Int_lin mu (a * l * exp (c * t0)) (a * (1 - l)) I0 (Int_const mu 1)).
  eapply Rle_trans.
  - apply (Ex_mono mu (exp_int t (proj1 Ht)) J). intros x.
    pose proof (exp_convex l (- t0 * w x + c * t0) Hl) as K. rewrite exp_plus in K.
    apply Rmult_le_compat_l with (r := a) in K; [|lra].
    replace (exp (- t * w x)) with (a * exp (l * (- t0 * w x + c * t0))).
    + eapply Rle_trans; [exact K|]. right. ring.
    + unfold a. rewrite <- exp_plus. f_equal. rewrite <- El. ring.
  - rewrite (Ex_lin mu _ _ I0 (Int_const mu 1)), Ex_const.
    assert (B : exp (c * t0) * Ex mu (fun x => exp (- t0 * w x)) <= 1).
    { replace 1 with (exp (c * t0) * exp (- (c * t0))) by (rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
      apply Rmult_le_compat_l; [left; apply exp_pos|exact H]. }
    assert (al : 0 <= a * l) by nra. nra.
Qed.

Variable f : T -> R.
Variable t : R.
Hypothesis t_pos : 0 < t.

Lemma second_moment_le q : q <= 2 ->
  Int mu (fun x => Rpower (w x) q * f x ^ 2) -> Int mu (fun x => (w x * f x) ^ 2 * exp (- t * w x)) ->
  Ex mu (fun x => (w x * f x) ^ 2 * exp (- t * w x))
  <= Rpower ((2 - q) / exp 1) (2 - q) * Rpower t (q - 2) * Ex mu (fun x => Rpower (w x) q * f x ^ 2).
Proof.
  intros Hq I1 I2. rewrite <- (Ex_scal mu _ _ I1). apply Ex_mono; [exact I2|now apply Int_scal|].
  intros x. assert (H := power_exp_bound (2 - q) t (w x) ltac:(lra) t_pos (w_pos x)).
  replace (- (2 - q)) with (q - 2) in H by ring.
  assert (E : (w x * f x) ^ 2 = Rpower (w x) q * f x ^ 2 * Rpower (w x) (2 - q)).
  { replace (Rpower (w x) q * f x ^ 2 * Rpower (w x) (2 - q))
      with (Rpower (w x) q * Rpower (w x) (2 - q) * f x ^ 2) by ring.
    rewrite <- Rpower_plus. replace (q + (2 - q)) with (INR 2) by (simpl; ring).
    rewrite Rpower_pow by auto. ring. }
  rewrite E, Rmult_assoc, Rmult_comm. apply Rmult_le_compat_r; [|exact H].
  apply Rmult_le_pos; [left; apply exp_pos|apply pow2_ge_0].
Qed.

Lemma first_moment_le q : 1 <= q <= 2 -> Ex mu (fun x => w x * f x) = 0 ->
  Int mu (fun x => w x * f x) -> Int mu (fun x => w x * f x * exp (- t * w x)) ->
  Int mu (fun x => Rpower (w x) q) -> Int mu (fun x => Rpower (w x) q * f x ^ 2) ->
  Int mu (fun x => Rpower (w x) q * Rabs (f x)) ->
  (Ex mu (fun x => w x * f x * exp (- t * w x))) ^ 2
  <= Rpower t (2 * q - 2) * (Ex mu (fun x => Rpower (w x) q) * Ex mu (fun x => Rpower (w x) q * f x ^ 2)).
Proof.
  intros Hq Z I1 I2 J0 J2 J1.
  set (s := Ex mu (fun x => Rpower (w x) q * Rabs (f x))).
  assert (Hpt : 0 < Rpower t (q - 1)) by apply exp_pos.
  assert (B : Rabs (Ex mu (fun x => w x * f x * exp (- t * w x))) <= Rpower t (q - 1) * s).
  { assert (K := Int_lin mu 1 (-1) I2 I1).
    assert (EK : Ex mu (fun x => 1 * (w x * f x * exp (- t * w x)) + -1 * (w x * f x))
      = Ex mu (fun x => w x * f x * exp (- t * w x))) by (rewrite (Ex_lin mu 1 (-1) I2 I1), Z; ring).
    assert (PW : forall x, Rabs (1 * (w x * f x * exp (- t * w x)) + -1 * (w x * f x))
      <= Rpower t (q - 1) * (Rpower (w x) q * Rabs (f x))).
    { intros x. assert (Hw := w_pos x).
      assert (Htw : 0 < t * w x) by now apply Rmult_lt_0_compat.
      assert (H := one_minus_exp_le (q - 1) (t * w x) ltac:(lra) Htw).
      replace (- (t * w x)) with (- t * w x) in H by ring.
      assert (E1 : exp (- t * w x) <= 1) by (rewrite <- exp_0; apply exp_le_compat; nra).
      replace (1 * (w x * f x * exp (- t * w x)) + -1 * (w x * f x))
        with (- (w x * (1 - exp (- t * w x)) * f x)) by ring.
      rewrite Rabs_Ropp, Rabs_mult, (Rabs_pos_eq (w x * (1 - exp (- t * w x)))) by nra.
      replace (Rpower t (q - 1) * (Rpower (w x) q * Rabs (f x)))
        with (w x * Rpower (t * w x) (q - 1) * Rabs (f x)).
      - apply Rmult_le_compat_r; [apply Rabs_pos|]. apply Rmult_le_compat_l; lra.
      - rewrite <- Rpower_mult_distr by auto.
        replace (Rpower (w x) q) with (Rpower (w x) (q - 1) * w x).
        + ring.
        + rewrite <- (Rpower_1 (w x)) at 2 by auto. rewrite <- Rpower_plus. f_equal. ring. }
    rewrite <- EK. unfold s. rewrite <- (Ex_scal mu (Rpower t (q - 1)) _ J1). apply Rabs_le. split.
    - rewrite <- (Rmult_1_l (Ex mu (fun x => Rpower t (q - 1) * _))), Ropp_mult_distr_l.
      rewrite <- (Ex_scal mu (-(1)) _ (Int_scal mu _ _ J1)).
      apply Ex_mono; [do 2 apply Int_scal; exact J1|exact K|]. intros x. specialize (PW x).
      apply Rabs_le_between in PW. lra.
    - apply Ex_mono; [exact K|apply Int_scal; exact J1|]. intros x. specialize (PW x).
      apply Rabs_le_between in PW. lra. }
  assert (CS : s ^ 2 <= Ex mu (fun x => Rpower (w x) q) * Ex mu (fun x => Rpower (w x) q * f x ^ 2)).
  { assert (half : forall x, Rpower (w x) (q / 2) * Rpower (w x) (q / 2) = Rpower (w x) q).
    { intros x. rewrite <- Rpower_plus. f_equal. field. }
    assert (EX : forall x, Rpower (w x) q = Rpower (w x) (q / 2) ^ 2) by (intros x; rewrite <- half; ring).
    assert (EY : forall x, Rpower (w x) q * f x ^ 2 = (Rpower (w x) (q / 2) * Rabs (f x)) ^ 2).
    { intros x. rewrite <- half, Rpow_mult_distr, pow2_abs. ring. }
    assert (EXY : forall x, Rpower (w x) q * Rabs (f x) = Rpower (w x) (q / 2) * (Rpower (w x) (q / 2) * Rabs (f x))).
    { intros x. rewrite <- half. ring. }
    unfold s. rewrite (Ex_ext mu _ _ EX J0), (Ex_ext mu _ _ EY J2), (Ex_ext mu _ _ EXY J1).
    apply Ex_cauchy_schwarz; [exact (Int_ext mu EX J0)|exact (Int_ext mu EY J2)|exact (Int_ext mu EXY J1)]. }
  rewrite <- (pow2_abs (Ex mu _)).
  eapply Rle_trans; [apply pow_incr; split; [apply Rabs_pos|exact B]|].
  rewrite Rpow_mult_distr. replace (Rpower t (2 * q - 2)) with (Rpower t (q - 1) ^ 2).
  - apply Rmult_le_compat_l; [apply pow2_ge_0|exact CS].
  - simpl. rewrite Rmult_1_r, <- Rpower_plus. f_equal. ring.
Qed.
End Moments.
