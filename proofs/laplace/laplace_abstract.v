(* Sums with one term removed, the second difference of 1/x^2, and theorem T5
   (laplace-bound) for an abstract expectation and scalar f.

     rest w i              w_0 + ... + w_{L-1} without w_i
     rest2 w i j           the same without w_i and w_j
     second_difference_le  |1/(V+x+y)^2 - 1/(V+x)^2 - 1/(V+y)^2 + 1/V^2| <= 6xy/V^4

   L = m + 2 independent tokens, a positive weight w with E w = 1, E[w f] = 0,
   u = w f.  Write W for the total weight, S_i for the total without token i,
   S_ij without tokens i and j.  Since W = S_ij + w_i + w_j,

     u_i u_j / W^2 <= 6 w_i|u_i| w_j|u_j| / S_ij^4
                      + u_i u_j / S_i^2 + u_i u_j / S_j^2 - u_i u_j / S_ij^2

   (the right side is pair_term i j), and the last three terms have mean 0, because
   token i or token j enters only through u.  So no Laplace integral is needed:

     E|sum p_i f_i|^2 <= A2 (L I_2(L-1) + 6 L (L-1) rho I_4(L-2)).

     square_term i j             u_i^2/S_i^2 if i = j, pair_term i j otherwise
     square_majorant             the sum of all square_term i j, at least (sum p_i f_i)^2
     square_majorant_mean        its mean: the bound above, B2 and B4 being any upper
                                 bounds of I_2(L-1) and I_4(L-2)
     participation_majorant      sum_i w_i^2/S_i^2, at least sum_i p_i^2
     participation_majorant_mean its mean is at most L rho B2

   Rest i H says that H is a measurable function of the tokens other than i;
   what is used of it are the hypotheses rest_*. *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat FunctionalExtensionality.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation independence self_normalised.
From AttentionBounds.laplace Require Import inverse_power_majorant inverse_moment_abstract.
Local Open Scope R_scope.

(* ---- sums without one or two terms ---- *)

Section Rest.
Variables (m : nat) (w : nat -> R).
Hypothesis w_pos : forall i, 0 < w i.

Definition rest (i : nat) : R := rsum m (fun j => w (skip i j)).
Definition rest2 (i j : nat) : R := rsum (S m) w - w i - w j.

Lemma rest_sum i : (i < S m)%nat -> rsum (S m) w = w i + rest i.
Proof. intros Hi. now apply rsum_remove. Qed.

Lemma rest_pos i : (0 < m)%nat -> 0 < rest i.
Proof. intros Hm. apply rsum_gt0; auto. Qed.

Lemma rest2_sum i j : (i < S m)%nat -> rest i = w j + rest2 i j.
Proof. intros Hi. unfold rest2. rewrite (rest_sum i) by auto. ring. Qed.

Lemma rest2_sym i j : rest2 i j = rest2 j i.
Proof. unfold rest2. ring. Qed.
End Rest.

Lemma rest2_rest m w i j : (i < S (S m))%nat -> (j < S m)%nat ->
  rest2 (S m) w i (skip i j) = rest m (fun l => w (skip i l)) j.
Proof.
  intros Hi Hj. unfold rest2. rewrite (rest_sum (S m) w i) by auto. unfold rest at 1.
  rewrite (rest_sum m (fun l => w (skip i l)) j) by auto. ring.
Qed.

(* ---- the second difference ---- *)

Lemma second_difference_le x y V : 0 <= x -> 0 <= y -> 0 < V ->
  Rabs (/ (V + x + y)^2 - / (V + x)^2 - / (V + y)^2 + / V^2) <= 6 * (x * y) * / V^4.
Proof.
  intros Hx Hy HV.
  assert (H1 : 0 < V + x) by lra. assert (H2 : 0 < V + y) by lra. assert (H3 : 0 < V + x + y) by lra.
  set (D := V^2 * (V + x)^2 * (V + y)^2 * (V + x + y)^2).
  assert (HD : 0 < D).
  { unfold D. apply Rmult_lt_0_compat; [|now apply pow_lt].
    apply Rmult_lt_0_compat; [|now apply pow_lt].
    apply Rmult_lt_0_compat; now apply pow_lt. }
  assert (P : forall a b c : nat, 0 <= x^a * y^b * V^c).
  { intros. repeat apply Rmult_le_pos; apply pow_le; lra. }
  assert (E1 : / (V + x + y)^2 - / (V + x)^2 - / (V + y)^2 + / V^2 =
      (1 * (x^4 * y^2 * V^0) + 2 * (x^4 * y^1 * V^1) + 2 * (x^3 * y^3 * V^0)
      + 8 * (x^3 * y^2 * V^1) + 8 * (x^3 * y^1 * V^2) + 1 * (x^2 * y^4 * V^0)
      + 8 * (x^2 * y^3 * V^1) + 18 * (x^2 * y^2 * V^2) + 12 * (x^2 * y^1 * V^3)
      + 2 * (x^1 * y^4 * V^1) + 8 * (x^1 * y^3 * V^2) + 12 * (x^1 * y^2 * V^3)
      + 6 * (x^1 * y^1 * V^4)) * / D).
  { unfold D. field. lra. }
  assert (E2 : 6 * (x * y) * / V^4 - (/ (V + x + y)^2 - / (V + x)^2 - / (V + y)^2 + / V^2) =
      (6 * (x^5 * y^3 * V^0) + 12 * (x^5 * y^2 * V^1) + 6 * (x^5 * y^1 * V^2)
      + 12 * (x^4 * y^4 * V^0) + 48 * (x^4 * y^3 * V^1) + 59 * (x^4 * y^2 * V^2)
      + 22 * (x^4 * y^1 * V^3) + 6 * (x^3 * y^5 * V^0) + 48 * (x^3 * y^4 * V^1)
      + 112 * (x^3 * y^3 * V^2) + 100 * (x^3 * y^2 * V^3) + 28 * (x^3 * y^1 * V^4)
      + 12 * (x^2 * y^5 * V^1) + 59 * (x^2 * y^4 * V^2) + 100 * (x^2 * y^3 * V^3)
      + 66 * (x^2 * y^2 * V^4) + 12 * (x^2 * y^1 * V^5) + 6 * (x^1 * y^5 * V^2)
      + 22 * (x^1 * y^4 * V^3) + 28 * (x^1 * y^3 * V^4) + 12 * (x^1 * y^2 * V^5)) * / (V^2 * D)).
  { unfold D. field. lra. }
  assert (G1 : 0 <= / (V + x + y)^2 - / (V + x)^2 - / (V + y)^2 + / V^2).
  { rewrite E1. apply Rmult_le_pos; [|left; now apply Rinv_0_lt_compat].
    pose proof (P 4 2 0)%nat. pose proof (P 4 1 1)%nat. pose proof (P 3 3 0)%nat. pose proof (P
    3 2 1)%nat. pose proof (P 3 1 2)%nat. pose proof (P 2 4 0)%nat. pose proof (P 2 3 1)%nat.
    pose proof (P 2 2 2)%nat. pose proof (P 2 1 3)%nat. pose proof (P 1 4 1)%nat. pose proof (P
    1 3 2)%nat. pose proof (P 1 2 3)%nat. pose proof (P 1 1 4)%nat.
    lra. }
  assert (G2 : 0 <= 6 * (x * y) * / V^4
      - (/ (V + x + y)^2 - / (V + x)^2 - / (V + y)^2 + / V^2)).
  { rewrite E2. apply Rmult_le_pos.
    2:{ left; apply Rinv_0_lt_compat, Rmult_lt_0_compat; auto. now apply pow_lt. }
    pose proof (P 5 3 0)%nat. pose proof (P 5 2 1)%nat. pose proof (P 5 1 2)%nat. pose proof (P
    4 4 0)%nat. pose proof (P 4 3 1)%nat. pose proof (P 4 2 2)%nat. pose proof (P 4 1 3)%nat.
    pose proof (P 3 5 0)%nat. pose proof (P 3 4 1)%nat. pose proof (P 3 3 2)%nat. pose proof (P
    3 2 3)%nat. pose proof (P 3 1 4)%nat. pose proof (P 2 5 1)%nat. pose proof (P 2 4 2)%nat.
    pose proof (P 2 3 3)%nat. pose proof (P 2 2 4)%nat. pose proof (P 2 1 5)%nat. pose proof (P
    1 5 2)%nat. pose proof (P 1 4 3)%nat. pose proof (P 1 3 4)%nat. pose proof (P 1 2 5)%nat.
    lra. }
  rewrite Rabs_pos_eq; lra.
Qed.

Section LaplaceScalar.
Context {Om T : Type} (P : Expectation Om) (mu : Expectation T).
Variables (X : nat -> Om -> T) (m : nat) (w f : T -> R).
Let L := S (S m).
Hypothesis PR : product_rule P mu X (S (S m)).
Hypothesis w_pos : forall x, 0 < w x.
Hypothesis w2_int : Int mu (fun x => w x ^2).
Hypothesis winv_int : Int mu (fun x => / w x).
Hypothesis exp_int : forall t, 0 <= t -> Int mu (fun x => exp (- t * w x)).
Let rho := Ex mu (fun x => w x ^2).

Variable Rest : nat -> (Om -> R) -> Prop.
Hypothesis rest_independent : forall i g H, (i < L)%nat -> Int mu g -> Rest i H -> Int P H ->
  Int P (fun o => g (X i o) * H o) /\ Ex P (fun o => g (X i o) * H o) = Ex mu g * Ex P H.
Hypothesis rest_dominated : forall i H G, Rest i H -> Int P G ->
  (forall o, Rabs (H o) <= G o) -> Int P H.
Hypothesis rest_mult : forall i H G, Rest i H -> Rest i G -> Rest i (fun o => H o * G o).

Let weight o j := w (X j o).
Let S1 i o := rest (S m) (weight o) i.
Let S2 i j o := rest2 (S m) (weight o) i j.
Hypothesis rest_inv : forall i k, (i < L)%nat -> Rest i (fun o => / S1 i o ^ k).
Hypothesis rest_inv2 : forall i j k, (i < L)%nat -> (j < L)%nat -> i <> j ->
  Rest i (fun o => / S2 i j o ^ k).

(* ---- negative moments of S_i and S_ij ---- *)

Lemma S1_pos i o : 0 < S1 i o.
Proof. apply rest_pos; [intros; apply w_pos|lia]. Qed.

Lemma S2_pos i j o : (i < L)%nat -> (j < L)%nat -> i <> j -> (0 < m)%nat -> 0 < S2 i j o.
Proof.
  intros Hi Hj Hne Hm. destruct (skip_onto i j (S m)) as [j' [Hj' <-]]; auto.
  unfold S2. rewrite rest2_rest by auto. apply rest_pos; [intros; apply w_pos|auto].
Qed.

Lemma S1_moment i k : (i < L)%nat -> (0 < k <= S m)%nat ->
  Int P (fun o => / S1 i o ^ k) /\
  forall B, bounds_inverse_moment P mu w (S m) k B -> Ex P (fun o => / S1 i o ^ k) <= B.
Proof.
  intros Hi Hk. pose proof (skip_product_rule P mu X (S m) i Hi PR) as PR'.
  assert (I : Int P (fun o => / S1 i o ^ k)).
  { destruct (moment_majorant_mean P mu (fun j => X (skip i j)) (S m) k w PR'
      (proj1 Hk) (proj2 Hk) w_pos winv_int exp_int 1 0) as [I _]; [lia|lra|].
    eapply rest_dominated; [now apply rest_inv|exact I|].
    intros o. rewrite Rabs_pos_eq by (left; apply Rinv_0_lt_compat, pow_lt, S1_pos).
    apply (inverse_power_dominated (fun j => X (skip i j)) (S m) k w); auto; try lia; lra. }
  split; auto. intros B HB. now apply (HB (fun j => X (skip i j))).
Qed.

Lemma S2_moment i j k : (i < L)%nat -> (j < L)%nat -> i <> j -> (0 < k <= m)%nat ->
  Int P (fun o => / S2 i j o ^ k) /\
  forall B, bounds_inverse_moment P mu w m k B -> Ex P (fun o => / S2 i j o ^ k) <= B.
Proof.
  intros Hi Hj Hne Hk. destruct (skip_onto i j (S m)) as [j' [Hj' Ej]]; auto.
  pose proof (skip_product_rule P mu X (S m) i Hi PR) as PR1.
  pose proof (skip_product_rule P mu _ m j' Hj' PR1) as PR2.
  set (Y := fun l => X (skip i (skip j' l))) in *.
  assert (ES : forall o, rsum m (fun l => w (Y l o)) = S2 i j o).
  { intros o. unfold S2. rewrite <- Ej, rest2_rest by auto. reflexivity. }
  assert (I : Int P (fun o => / S2 i j o ^ k)).
  { destruct (moment_majorant_mean P mu Y m k w PR2
      (proj1 Hk) (proj2 Hk) w_pos winv_int exp_int 1 0) as [I _]; [lia|lra|].
    eapply rest_dominated; [now apply (rest_inv2 i j k)|exact I|].
    intros o. rewrite Rabs_pos_eq.
    - rewrite <- ES. apply (inverse_power_dominated Y m k w); auto; try lia; lra.
    - left. apply Rinv_0_lt_compat, pow_lt, S2_pos; auto; lia. }
  split; auto. intros B HB.
  assert (EQ : forall o, / S2 i j o ^ k = / rsum m (fun l => w (Y l o)) ^ k)
    by (intros; now rewrite ES).
  rewrite (Ex_ext P _ _ EQ I).
  apply (HB Y); auto. eapply Int_ext; [exact EQ|exact I].
Qed.

(* ---- participation ratio ---- *)

(* sum p_i^2 <= sum_i w_i^2 / S_i^2, whose mean is at most L rho I_2(L-1) *)
Definition participation_majorant o : R := rsum L (fun i => w (X i o)^2 * / S1 i o ^ 2).

Lemma participation_majorant_ge o :
  rsum L (fun i => (weight o i / rsum L (weight o))^2) <= participation_majorant o.
Proof.
  apply rsum_le; intros i Hi. unfold Rdiv. rewrite Rpow_mult_distr, pow_inv.
  apply Rmult_le_compat_l; [apply pow2_ge_0|].
  pose proof (S1_pos i o). unfold L. rewrite (rest_sum (S m) (weight o) i) by auto.
  assert (0 < weight o i) by apply w_pos. fold (S1 i o).
  apply Rinv_le_contravar; [now apply pow_lt|]. apply pow_incr. lra.
Qed.

Theorem participation_majorant_mean B2 : (0 < m)%nat -> bounds_inverse_moment P mu w (S m) 2 B2 ->
  Int P participation_majorant /\ Ex P participation_majorant <= INR L * rho * B2.
Proof.
  intros Hm HB.
  assert (D : forall i, (i < L)%nat ->
    Int P (fun o => w (X i o)^2 * / S1 i o ^ 2) /\
    Ex P (fun o => w (X i o)^2 * / S1 i o ^ 2)
      <= rho * B2).
  { intros i Hi. destruct (S1_moment i 2) as [I B]; auto; try lia.
    destruct (rest_independent i (fun x => w x ^2) _ Hi w2_int (rest_inv i 2 Hi) I) as [I2 E2].
    split; auto. rewrite E2. fold rho. apply Rmult_le_compat_l; auto.
    apply Ex_ge0; auto. intros; apply pow2_ge_0. }
  split; [exact (Int_rsum P L _ (fun i Hi => proj1 (D i Hi)))|].
  unfold participation_majorant.
  rewrite (Ex_rsum P L (fun i o => w (X i o)^2 * / S1 i o ^ 2) (fun i Hi => proj1 (D i Hi))).
  rewrite Rmult_assoc, <- rsum_const. apply rsum_le; intros i Hi. now apply D.
Qed.

(* ---- the bound on sum p_i f_i ---- *)

Let u x := w x * f x.
Let v x := w x * Rabs (u x).
Hypothesis u_int : Int mu u.
Hypothesis u_mean : Ex mu u = 0.
Hypothesis u2_int : Int mu (fun x => u x ^2).
Hypothesis v_int : Int mu v.
Hypothesis absu_int : Int mu (fun x => Rabs (u x)).
Hypothesis rest_u : forall i j, (i < L)%nat -> (j < L)%nat -> i <> j -> Rest i (fun o => u (X j o)).
Hypothesis rest_v : forall i j, (i < L)%nat -> (j < L)%nat -> i <> j -> Rest i (fun o => v (X j o)).
Let A2 := Ex mu (fun x => u x ^2).

Lemma v_mean_sq : 0 <= Ex mu v /\ Ex mu v ^2 <= rho * A2.
Proof.
  split.
  - apply Ex_ge0; auto. intros x. apply Rmult_le_pos; [left; auto|apply Rabs_pos].
  - assert (EQ : forall x, u x ^2 = Rabs (u x) ^2) by (intros; now rewrite pow2_abs).
    unfold A2. rewrite (Ex_ext mu _ _ EQ u2_int). apply Ex_cauchy_schwarz; auto.
    eapply Int_ext; [exact EQ|exact u2_int].
Qed.

Lemma rest2_symmetric i j o : S2 i j o = S2 j i o.
Proof. apply rest2_sym. Qed.

(* u_i u_j / S_i^2 and u_i u_j / S_ij^2 are integrable with mean 0 *)
Lemma mixed_term i j H : (i < L)%nat -> (j < L)%nat -> i <> j -> (2 < m)%nat ->
  Rest i H -> (forall o, 0 <= H o <= / S2 i j o ^2) ->
  Int P (fun o => u (X i o) * (u (X j o) * H o)) /\
  Ex P (fun o => u (X i o) * (u (X j o) * H o)) = 0.
Proof.
  intros Hi Hj Hne Hm RH BH.
  destruct (S2_moment i j 2) as [I _]; auto; try lia.
  assert (Rj : Rest j (fun o => / S2 i j o ^ 2)).
  { rewrite (functional_extensionality _ (fun o => / S2 j i o ^ 2)).
    - apply rest_inv2; auto.
    - intros o. now rewrite rest2_symmetric. }
  destruct (rest_independent j (fun x => Rabs (u x)) _ Hj absu_int Rj I) as [IG _].
  assert (IH : Int P (fun o => u (X j o) * H o)).
  { eapply rest_dominated; [apply rest_mult; [apply (rest_u i j); auto|exact RH]|exact IG|].
    intros o. cbv beta. destruct (BH o) as [B0 B1]. rewrite Rabs_mult, (Rabs_pos_eq (H o)) by auto.
    apply Rmult_le_compat_l; [apply Rabs_pos|auto]. }
  destruct (rest_independent i u _ Hi u_int (rest_mult i _ _ (rest_u i j Hi Hj Hne) RH) IH) as [I1 E1].
  split; auto. rewrite E1, u_mean. ring.
Qed.

Definition pair_term i j o : R :=
  6 * (v (X i o) * (v (X j o) * / S2 i j o ^ 4))
  + (u (X i o) * (u (X j o) * / S1 i o ^2) + u (X j o) * (u (X i o) * / S1 j o ^2)
     + -1 * (u (X i o) * (u (X j o) * / S2 i j o ^2))).

Lemma pair_term_mean i j B4 : (i < L)%nat -> (j < L)%nat -> i <> j -> (4 <= m)%nat ->
  bounds_inverse_moment P mu w m 4 B4 ->
  Int P (pair_term i j) /\ Ex P (pair_term i j) <= 6 * (rho * A2 * B4).
Proof.
  intros Hi Hj Hne Hm HB4.
  destruct (S2_moment i j 4) as [I4 Hle]; auto; try lia. specialize (Hle B4 HB4).
  assert (Rj : Rest j (fun o => / S2 i j o ^ 4)).
  { rewrite (functional_extensionality _ (fun o => / S2 j i o ^ 4)).
    - apply rest_inv2; auto.
    - intros o. now rewrite rest2_symmetric. }
  destruct (rest_independent j v _ Hj v_int Rj I4) as [Iv Ev].
  assert (Rv : Rest i (fun o => v (X j o) * / S2 i j o ^ 4)) by (apply rest_mult; auto).
  destruct (rest_independent i v _ Hi v_int Rv Iv) as [Ivv Evv].
  assert (inv_le : forall a b o, (a < L)%nat -> (b < L)%nat -> a <> b ->
      0 <= / S1 a o ^2 <= / S2 a b o ^2).
  { intros a b o Ha Hb Hab. pose proof (S1_pos a o).
    assert (0 < S2 a b o) by (apply S2_pos; auto; lia).
    split; [left; now apply Rinv_0_lt_compat, pow_lt|].
    apply Rinv_le_contravar; [now apply pow_lt|]. apply pow_incr. split; [lra|].
    unfold S1. rewrite (rest2_sum (S m) (weight o) a b) by auto. fold (S2 a b o).
    assert (0 < weight o b) by apply w_pos. lra. }
  destruct (mixed_term i j (fun o => / S1 i o ^2)) as [I1 E1]; auto; try lia.
  destruct (mixed_term j i (fun o => / S1 j o ^2)) as [I2 E2]; auto; try lia.
  destruct (mixed_term i j (fun o => / S2 i j o ^2)) as [I3 E3]; auto; try lia.
  { intros o. destruct (inv_le i j o); auto; split; lra. }
  assert (J12 := Int_plus P _ _ I1 I2). assert (J3 := Int_scal P (-1) _ I3).
  assert (J := Int_plus P _ _ J12 J3). assert (J6 := Int_scal P 6 _ Ivv).
  split; [exact (Int_plus P _ _ J6 J)|].
  unfold pair_term.
  rewrite (Ex_plus P _ _ J6 J), (Ex_plus P _ _ J12 J3), (Ex_plus P _ _ I1 I2),
    (Ex_scal P (-1) _ I3), (Ex_scal P 6 _ Ivv), E1, E2, E3, Evv, Ev.
  destruct v_mean_sq as [V0 V2].
  assert (0 <= Ex P (fun o => / S2 i j o ^ 4)).
  { apply Ex_ge0; auto. intros o. left; apply Rinv_0_lt_compat, pow_lt, S2_pos; auto; lia. }
  assert (K : Ex mu v * (Ex mu v * Ex P (fun o => / S2 i j o ^ 4))
    <= rho * A2 * B4).
  { rewrite <- Rmult_assoc. replace (Ex mu v * Ex mu v) with (Ex mu v ^2) by ring.
    apply Rmult_le_compat; auto. apply pow2_ge_0. }
  lra.
Qed.

(* off the diagonal, u_i u_j / W^2 is at most pair_term *)
Lemma pair_term_ge i j o : (i < L)%nat -> (j < L)%nat -> i <> j -> (0 < m)%nat ->
  / rsum L (weight o) ^2 * (u (X i o) * u (X j o)) <= pair_term i j o.
Proof.
  intros Hi Hj Hne Hm. set (V := S2 i j o). assert (HV : 0 < V) by now apply S2_pos.
  assert (E1 : S1 i o = V + w (X j o)).
  { unfold S1. rewrite (rest2_sum (S m) (weight o) i j) by auto. fold (S2 i j o) V.
    unfold weight. ring. }
  assert (E2 : S1 j o = V + w (X i o)).
  { unfold S1. rewrite (rest2_sum (S m) (weight o) j i) by auto. fold (S2 j i o).
    rewrite rest2_symmetric. fold V. unfold weight. ring. }
  assert (EW : rsum L (weight o) = V + w (X i o) + w (X j o)).
  { unfold L. rewrite (rest_sum (S m) (weight o) i) by auto. fold (S1 i o). rewrite E1.
    unfold weight. ring. }
  unfold pair_term. fold V. rewrite E1, E2, EW.
  pose proof (w_pos (X i o)) as Wi. pose proof (w_pos (X j o)) as Wj.
  assert (D : Rabs _ <= _) by
    exact (second_difference_le (w (X i o)) (w (X j o)) V (Rlt_le _ _ Wi) (Rlt_le _ _ Wj) HV).
  set (q := / (V + w (X i o) + w (X j o)) ^ 2 - / (V + w (X i o)) ^ 2
            - / (V + w (X j o)) ^ 2 + / V ^ 2) in D.
  assert (K : u (X i o) * u (X j o) * q <= 6 * (v (X i o) * (v (X j o) * / V ^ 4))).
  { eapply Rle_trans; [apply Rle_abs|]. rewrite !Rabs_mult.
    apply Rle_trans with (Rabs (u (X i o)) * Rabs (u (X j o)) * (6 * (w (X i o) * w (X j o)) * / V ^ 4)).
    - apply Rmult_le_compat_l; auto. apply Rmult_le_pos; apply Rabs_pos.
    - right. unfold v. ring. }
  unfold q in K. nra.
Qed.

Definition square_term i j o : R :=
  if Nat.eqb j i then u (X i o)^2 * / S1 i o ^2 else pair_term i j o.
Definition square_majorant o : R := rsum L (fun i => rsum L (fun j => square_term i j o)).

Lemma square_majorant_ge o : (0 < m)%nat ->
  self_normalised L (weight o) (fun i => f (X i o)) ^2 <= square_majorant o.
Proof.
  intros Hm. assert (HW : forall i, (i < L)%nat -> 0 < weight o i) by (intros; apply w_pos).
  rewrite self_normalised_ratio by (auto; unfold L; lia).
  rewrite Rpow_mult_distr, pow_inv, (rsum_sq L (fun i => weight o i * f (X i o))), <- rsum_scal.
  apply rsum_le; intros i Hi. rewrite <- rsum_scal. apply rsum_le; intros j Hj.
  unfold square_term. destruct (Nat.eqb_spec j i) as [->|Hne].
  - rewrite Rmult_comm. apply Rmult_le_compat; try lra.
    + unfold weight. nra.
    + left. apply Rinv_0_lt_compat, pow_lt, rsum_gt0; auto. unfold L; lia.
    + right. unfold u, weight. ring.
    + pose proof (S1_pos i o). unfold L. rewrite (rest_sum (S m) (weight o) i) by auto.
      fold (S1 i o). specialize (HW i Hi).
      apply Rinv_le_contravar; [now apply pow_lt|]. apply pow_incr. lra.
  - apply pair_term_ge; auto; lia.
Qed.

Theorem square_majorant_mean B2 B4 : (4 <= m)%nat ->
  bounds_inverse_moment P mu w (S m) 2 B2 -> bounds_inverse_moment P mu w m 4 B4 ->
  Int P square_majorant /\
  Ex P square_majorant <= A2 * (INR L * B2 + 6 * INR L * INR (S m) * rho * B4).
Proof.
  intros Hm H2 H4.
  assert (HA : 0 <= A2) by (apply Ex_ge0; auto; intros; apply pow2_ge_0).
  assert (TM : forall i j, (i < L)%nat -> (j < L)%nat -> Int P (square_term i j) /\
    Ex P (square_term i j) <= if Nat.eqb j i then A2 * B2 else 6 * (rho * A2 * B4)).
  { intros i j Hi Hj. unfold square_term. destruct (Nat.eqb_spec j i) as [->|Hne].
    - destruct (S1_moment i 2) as [I B]; auto; try lia. specialize (B B2 H2).
      destruct (rest_independent i (fun x => u x ^2) _ Hi u2_int (rest_inv i 2 Hi) I) as [I2 E2].
      split; auto. rewrite E2. now apply Rmult_le_compat_l.
    - now apply pair_term_mean; auto. }
  assert (J1 : forall i, (i < L)%nat -> Int P (fun o => rsum L (fun j => square_term i j o))).
  { intros i Hi. apply (Int_rsum P L (fun j o => square_term i j o)). intros j Hj. now apply TM. }
  split; [exact (Int_rsum P L (fun i o => rsum L (fun j => square_term i j o)) J1)|].
  unfold square_majorant. rewrite (Ex_rsum P L (fun i o => rsum L (fun j => square_term i j o)) J1).
  apply Rle_trans with (rsum L (fun _ => A2 * B2 + INR (S m) * (6 * (rho * A2 * B4)))).
  - apply rsum_le; intros i Hi.
    rewrite (Ex_rsum P L (fun j o => square_term i j o)) by (intros j Hj; now apply TM).
    apply Rle_trans with (rsum L (fun j => if Nat.eqb j i then A2 * B2 else 6 * (rho * A2 * B4))).
    { apply rsum_le; intros j Hj. now apply TM. }
    unfold L. rewrite (rsum_remove (S m) i) by auto. rewrite Nat.eqb_refl.
    rewrite (rsum_ext (S m) _ (fun _ => 6 * (rho * A2 * B4))).
    + rewrite rsum_const. lra.
    + intros j _. destruct (Nat.eqb_spec (skip i j) i); [now destruct (skip_neq i j)|auto].
  - rewrite rsum_const. right. ring.
Qed.
End LaplaceScalar.
